"""How a text file writes a table: its separator and its encoding, found by its first bytes."""

from __future__ import annotations

import codecs
import csv
import re
from itertools import islice
from pathlib import Path

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Western text has its accents one at a time, and UTF-8 that is read as cp1252 begins with this letter.
NOT_WESTERN = re.compile(r"[^\x00-\x7f]{4}|Ã[^\x00-\x7f]|\ufffd")
SNIFFED = 100_000  # Characters, in which the separator is looked for.


class TableError(ValueError):
    """A table that cannot be read or learnt from, or a column that it does not have."""


def detect(path: Path, head: bytes, separator: str | None = None, encoding: str | None = None) -> tuple[str, str]:
    """Name the separator and the encoding of a CSV file, unless they are named already. Raises TableError.

    head : the first bytes, which may end within a character, or all of them.
    """
    if separator not in (None, *SEPARATORS):
        raise TableError(f"there is no separator {separator}: name one of {', '.join(SEPARATORS)}")
    encoding = encoding or _encoding(path, head)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except (LookupError, TypeError):
        raise TableError(f"there is no encoding {encoding}: name one of Python's, as in ENCODING=cp1252") from None
    except ValueError:  # Most are UnicodeErrors; some codecs are not for text, and have their own.
        raise TableError(f"{path} is not in {encoding}: name another encoding, or none to have it detected") from None
    if "\0" in text:
        raise TableError(f"{path} holds NUL characters: name a CSV file, or its encoding as in ENCODING=utf-16")
    return separator or _separator(text), encoding


def _encoding(path: Path, head: bytes) -> str:
    for mark, name in MARKS.items():
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        if NOT_WESTERN.search(head.decode("cp1252", "replace")):
            raise TableError(f"{path} is not in UTF-8: name its encoding, as in ENCODING=cp1251") from None
        return "cp1252"
    return "utf-8"


def _separator(text: str) -> str:
    """Find the separator that gives most rows as many cells as the header has, of several the one with most cells."""

    def fit(name: str) -> tuple[bool, float, int]:
        rows = csv.reader(text[:SNIFFED].splitlines(keepends=True), delimiter=SEPARATORS[name])
        try:
            widths = [len(row) for row in islice(filter(None, rows), 100)] or [0]
        except csv.Error:
            return False, 0, 0
        widths = widths[:-1] if len(widths) > 2 else widths  # The last may be cut off.
        return widths[0] > 1, sum(width == widths[0] for width in widths) / len(widths), widths[0]

    return max(SEPARATORS, key=fit)
