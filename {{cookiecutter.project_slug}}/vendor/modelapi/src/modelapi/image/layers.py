"""Tars that are the same bits wherever and whenever they are written: layers of an image, and the archive itself."""

from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO


@dataclass(frozen=True)
class File:
    """What a file will hold: opened when it is written, so that a wheel need not be unpacked before."""

    size: int
    open: Callable[[], IO[bytes]]
    executable: bool = False


Link = str  # What a symbolic link leads to.
Files = dict[str, File | Link]  # By path, without a slash at its beginning.


def of_bytes(content: bytes, executable: bool = False) -> File:
    """Return a file that holds these bytes."""
    return File(len(content), lambda: io.BytesIO(content), executable)


def of_path(path: Path) -> File:
    """Return a file that holds what another holds; of its mode only whether its owner may run it."""
    found = path.stat()
    return File(found.st_size, lambda: path.open("rb"), bool(found.st_mode & stat.S_IXUSR))


def write_tar(path: Path, files: Files) -> None:
    """Write files by their names, with the folders above them, as of root and of 1970.

    Nothing is compressed: zlib and its replacements make other bits of the same.
    """
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents} - {"."}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, encoding="utf-8") as tar:
        for name in sorted(folders | files.keys()):
            entry = tarfile.TarInfo(name)
            file = files.get(name)
            if isinstance(file, File):
                entry.size, entry.mode = file.size, 0o755 if file.executable else 0o644
                with file.open() as content:
                    tar.addfile(entry, content)
                continue
            entry.mode = 0o755
            if file is None:
                entry.type = tarfile.DIRTYPE
            else:
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, file, 0o777
            tar.addfile(entry)
