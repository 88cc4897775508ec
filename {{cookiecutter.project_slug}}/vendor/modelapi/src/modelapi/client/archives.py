"""Archives that are the same bits for the same files: zip for wheels, tar for npm."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping

Files = Mapping[str, bytes]
EPOCH = (1980, 1, 1, 0, 0, 0)  # The first time that a zip can tell.
READABLE = 0o644
SYSTEM = 3  # Unix, wherever it is made.
SECONDS = 315_532_800  # EPOCH, as a tar counts.


def write_zip(files: Files) -> bytes:
    """Write a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = (0o100000 | READABLE) << 16
            info.create_system = SYSTEM
            archive.writestr(info, text, zipfile.ZIP_DEFLATED, compresslevel=9)
    return content.getvalue()


def write_tgz(files: Files) -> bytes:
    """Write a tar, compressed by gzip."""
    content = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=content, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(text), READABLE, SECONDS
            archive.addfile(info, io.BytesIO(text))
    return content.getvalue()


def write_wheel(info: str, metadata: str, files: Files) -> bytes:
    """Write a wheel. info : the name of its folder of metadata, without .dist-info."""
    wheel = "Wheel-Version: 1.0\nGenerator: modelapi\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    folder = f"{info}.dist-info"
    whole = {**files, f"{folder}/METADATA": metadata.encode(), f"{folder}/WHEEL": wheel.encode()}
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in whole.items())
    return write_zip({**whole, f"{folder}/RECORD": f"{record}{folder}/RECORD,,\n".encode()})


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
