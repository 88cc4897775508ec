"""What a file with a table is, by its first bytes and its name: unpacked, or refused by the name of its format."""

from __future__ import annotations

import gzip
import importlib.util
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Literal, NamedTuple

from modelapi.training.dialect import TableError

Kind = Literal["csv", "json", "parquet", "feather", "excel"]

_SAVE = "save the table as a CSV or Parquet file"
_BY_PANDAS = _SAVE + ", as pandas.{}(…).to_csv(…, index=False) does"
# How files of other programs begin, and what they are.
_NUMPY = "save it as CSV with names of the columns: pandas.DataFrame(X, columns=…).to_csv(…, index=False)"
_STARTS: dict[bytes, tuple[str, str]] = {
    b"<stata_dta>": ("a Stata file", _BY_PANDAS.format("read_stata")),
    b"$FL2": ("an SPSS file", _BY_PANDAS.format("read_spss")),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", "save it as .xlsx or CSV"),
    b"\x89HDF": ("an HDF5 file", _BY_PANDAS.format("read_hdf")),
    b"ORC": ("an ORC file", _BY_PANDAS.format("read_orc")),
    b"Obj\x01": ("an Avro file", _SAVE),
    b"SQLite format 3": ("an SQLite database", _BY_PANDAS.format("read_sql")),
    b"\x93NUMPY": ("a NumPy array", _NUMPY),
    b"\x80\x04": ("a pickle", _BY_PANDAS.format("read_pickle")),
    b"\x80\x05": ("a pickle", _BY_PANDAS.format("read_pickle")),
    b"RDX": ("an R workspace", "save the table by write.csv(…, row.names = FALSE)"),
    b"%PDF": ("a PDF document", _SAVE),
    b"\x89PNG": ("an image", _SAVE),
    b"\xff\xd8\xff": ("an image", _SAVE),
    b"GIF8": ("an image", _SAVE),
    b"BZh": ("packed with bzip2", "unpack it, or pack it with gzip"),
    b"\xfd7zXZ": ("packed with xz", "unpack it, or pack it with gzip"),
    b"\x28\xb5\x2f\xfd": ("packed with zstd", "unpack it, or pack it with gzip"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it"),
    b"Rar!": ("a RAR archive", "unpack it"),
}
_SUFFIXES = {
    ".dta": _STARTS[b"<stata_dta>"],
    ".sav": _STARTS[b"$FL2"],
    ".sas7bdat": ("a SAS file", _BY_PANDAS.format("read_sas")),
    ".xpt": ("a SAS file", _BY_PANDAS.format("read_sas")),
    ".xls": _STARTS[b"\xd0\xcf\x11\xe0"],
    ".rds": ("an R object", "save the table by write.csv(…, row.names = FALSE)"),
    ".rda": _STARTS[b"RDX"],
    ".rdata": _STARTS[b"RDX"],
    ".tar": ("a tar archive", "unpack it"),
    ".tgz": ("a tar archive", "unpack it"),
    ".tar.gz": ("a tar archive", "unpack it"),
}
_TEXTS = {
    re.compile(rb"(?i)(?:\s*%[^\n]*\n|\s)*@relation\b"): (
        "an ARFF file",
        "save the table as CSV, as pandas.DataFrame(scipy.io.arff.loadarff(…)[0]).to_csv(…, index=False) does",
    ),
    re.compile(rb"(?i)\s*<(?:!doctype html|html)\b"): ("a page of HTML", "fetch the table itself"),
    re.compile(rb"\s*<\?xml"): ("an XML document", _BY_PANDAS.format("read_xml")),
}
_JSON_SUFFIXES = (".json", ".ndjson", ".jsonl")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")  # A Path has one of its slashes.


class File(NamedTuple):
    """The content of a file, unpacked, and what it is."""

    kind: Kind
    content: bytes


def read_file(path: Path) -> File:
    """Read a file with a table. Raises TableError if it is none, or one that has to be saved otherwise."""
    if _ADDRESS.match(str(path)):
        raise TableError(f"{path.name} is at an address: fetch it first, as by curl -O, and name the file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror or error}): name a CSV or Parquet file") from None
    _refuse(path, content)
    suffix = path.suffix.lower()
    if content.startswith(b"\x1f\x8b") or suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise TableError(f"{path} is no whole gzip file: fetch or pack it again") from None
        suffix = Path(path.stem).suffix.lower()
    if content.startswith(b"PK\x03\x04"):
        suffix, content = _unzip(path, content)
    _refuse(path, content)
    if not content.strip():
        raise TableError(f"{path} is empty: name a CSV file with a header line")
    return File(_kind(content, suffix), content)


def need(module: str, what: str) -> None:
    """Raise TableError if a package is not installed that is not needed but for a format."""
    if importlib.util.find_spec(module) is None:
        raise TableError(f'{what} needs {module}: install it by "uv pip install {module}", or save the table as CSV')


def _kind(content: bytes, suffix: str) -> Kind:
    if content.startswith(b"PAR1") or suffix == ".parquet":
        return "parquet"
    if content.startswith((b"ARROW1", b"FEA1")) or suffix in (".feather", ".arrow"):
        return "feather"
    if suffix == ".xlsx":
        return "excel"
    if suffix in _JSON_SUFFIXES or re.match(rb'(?:\xef\xbb\xbf)?\s*\[?\s*\{\s*"', content):
        return "json"
    return "csv"


def _refuse(path: Path, content: bytes) -> None:
    found = [known for start, known in _STARTS.items() if content.startswith(start)]
    found += [known for pattern, known in _TEXTS.items() if pattern.match(content[:100_000])]
    found += [known for suffix, known in _SUFFIXES.items() if path.name.lower().endswith(suffix)]
    if found:
        what, remedy = found[0]
        raise TableError(f"{path} is {what}: {remedy}")


def _unzip(path: Path, content: bytes) -> tuple[str, bytes]:
    """Take the only file of an archive; a workbook, which is an archive too, stays as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
            names = [name for name in names if not name.startswith(("__MACOSX/", "."))]
            if "xl/workbook.xml" in names:
                return ".xlsx", content
            if "mimetype" in names and b"opendocument" in archive.read("mimetype"):
                raise TableError(f"{path} is an OpenDocument file: save it as .xlsx or CSV")
            if names and all(name.endswith(".npy") for name in names):
                raise TableError(f"{path} is an archive of NumPy arrays: {_NUMPY}")
            if len(names) != 1:
                raise TableError(f"{path} holds {len(names)} files: unpack it and name one")
            return Path(names[0]).suffix.lower(), archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        raise TableError(f"{path} is no whole zip archive, or one with a password: unpack it") from None
