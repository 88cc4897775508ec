"""Which scikit-learn stored a model, read off the file's bytes: nothing in it is loaded for that."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from importlib import metadata

INSTALLED = "installed"  # What a user says who wants no other version.
# What joblib packs with, by what a file begins with.
PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"\x78": zlib.decompress,
    b"BZ": bz2.decompress,
    b"\xfd7zXZ": lzma.decompress,
    b"\x5d\x00\x00": lzma.decompress,
}
# The key in an estimator's state and its value, as skops writes them or as a pickle does: two strings, each of which an
# opcode may remember. Arrays lie between joblib's opcodes, so pickletools does not get as far as this.
IN_SKOPS = rb'": *\{[^{}]*"content": *"\\"'
IN_PICKLE = rb"(?:\x94|q.|r.{4})?(?:\x8c.|X.{4})"
NUMBER = rb"(\d+\.\d+(?:\.\d+)?(?:(?:rc|\.post|\.dev)\d+)?)"
VERSION = re.compile(b"_sklearn_version(?:" + IN_SKOPS + b"|" + IN_PICKLE + b")" + NUMBER, re.DOTALL)


def other_version(content: bytes, wanted: str | None = None) -> str | None:
    """Name the scikit-learn that a model file has to be packaged with, if it is not the installed one.

    wanted : what the user says; else it is the one that stored it, but patch releases read each other's models.
    """
    if wanted:
        return None if wanted in (INSTALLED, installed()) else wanted
    stored = stored_version(content)
    return stored if stored and numbers(stored)[:2] != numbers(installed())[:2] else None


def stored_version(content: bytes) -> str | None:
    """Find the version in a file of skops, joblib or pickle; None if it names none, as an ONNX model."""
    found = VERSION.search(readable(content))
    return found[1].decode() if found else None


def readable(content: bytes) -> bytes:
    """Unpack what names the parts of a model: the schema of skops, or the pickle; nothing if the file is broken."""
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as file:
                return file.read("schema.json")
        unpack = next((unpack for start, unpack in PACKERS.items() if content.startswith(start)), bytes)
        return unpack(content)
    except Exception:  # Each kind of file has its own.
        return b""


def installed() -> str:
    """Return the version of scikit-learn that is installed here."""
    return metadata.version("scikit-learn")


def numbers(version: str) -> tuple[int, ...]:
    """Read 1.4.1.post1 as (1, 4, 1), so that versions can be compared."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
