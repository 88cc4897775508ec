"""Files of tables that are scored batch by batch: CSV and NDJSON, also packed with gzip.

A Format is sent to the worker processes, so it holds no open file: the parent reads and writes the files,
the workers parse and format the batches.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, cast

import numpy as np
import pyarrow as pa
from pydantic_core import from_json, to_json

from modelapi import outputs
from modelapi.records.cells import CellParser
from modelapi.records.columns import Columns
from modelapi.engines import Prediction
from modelapi.records.faults import MalformedRecords, Policy
from modelapi.records.parser import RecordParser
from modelapi.signature import Signature
from modelapi.records.tables import CsvRows, JsonLines
from modelapi.training.dialect import SEPARATORS, TableError, detect

SNIFFED = 1_000_000  # Bytes, by which separator and encoding are found.
REFUSED = ("row", "reason")  # What a bad row is given in the side file.

Parse = Callable[[Any, int], Columns]


class BadRow(NamedTuple):
    """A row that cannot be predicted: its number, from 1, and what is wrong with it."""

    number: int
    reason: str


class Sink(Protocol):
    """An output that is written part by part."""

    def write(self, part: Any, /) -> object:
        """Write a part that Format.write made."""

    def close(self) -> None:
        """Write what is left."""


class Format(ABC):
    """What a kind of file is read and written with; the type of rows is its own affair."""

    columns: Sequence[str] = ()  # There are none if each row names its own.

    def __init__(self, source: Path, destination: Path) -> None:
        self.source = source
        self.destination = destination

    @property
    def side(self) -> Path:
        """The file for bad rows, beside the output."""
        base, suffix = split_suffix(self.destination)
        return self.destination.with_name(f"{base}.bad{suffix}")

    @abstractmethod
    def batches(self) -> Iterator[tuple[Any, float]]:
        """Read batches of rows, each with the share of the file that is read. Raises TableError."""

    @abstractmethod
    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the function that types rows, the first of which has the number given, and raises RecordsError."""

    @abstractmethod
    def write(self, rows: Any, prediction: Prediction, signature: Signature, *, probabilities: bool) -> Any:
        """Make the part of the output for these rows, each with its prediction."""

    @abstractmethod
    def reject(self, rows: Any, bad: Sequence[BadRow]) -> bytes:
        """Make the part of the side file for these rows, each with what is wrong."""

    def sink(self, file: IO[bytes], _signature: Signature, *, probabilities: bool) -> Sink:  # noqa: ARG002
        """Begin the output."""
        return file

    def side_header(self) -> bytes:
        """Make the beginning of the side file."""
        return b""

    def select(self, rows: Any, places: Sequence[int]) -> Any:
        """Take some of the rows."""
        return [rows[place] for place in places]

    @contextmanager
    def _open(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Open the input, unpacked, and as it is. Raises TableError if it cannot be read."""
        with reading(self.source), self.source.open("rb") as raw:
            yield cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if _is_packed(self.source) else raw, raw

    def _batches(self, rows: Callable[[IO[bytes]], Iterable[Any]]) -> Iterator[tuple[Any, float]]:
        with self._open() as (file, raw):
            size = self.source.stat().st_size
            table = rows(file)
            for batch in table:
                yield batch, raw.tell() / size

    def _pack(self, text: bytes) -> bytes:
        """Pack a part by itself, so that the workers do it: gzip files one after the other are a gzip file."""
        return gzip.compress(text, 6, mtime=0) if _is_packed(self.destination) else text


class CsvFormat(Format):
    """CSV with a header line, in any separator and encoding; written in UTF-8 with the same separator."""

    def __init__(self, source: Path, destination: Path, separator: str | None, encoding: str | None) -> None:
        super().__init__(source, destination)
        with self._open() as (file, _):
            name, self._encoding = detect(source, file.read(SNIFFED), separator, encoding)
        self._separator = SEPARATORS[name]
        with self._open() as (file, _):
            rows = self._rows(file)
        self.columns = rows.header

    def _rows(self, file: IO[bytes]) -> CsvRows:
        return CsvRows(file, delimiter=self._separator, encoding=self._encoding)

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Read batches of lists of cells."""
        return self._batches(self._rows)

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of the cells under this header. Raises InvalidRecords if it does not fit."""
        return CellParser(signature.features, self.columns, unknown_categories=unknown_categories).parse

    def write(self, rows: Any, prediction: Prediction, signature: Signature, *, probabilities: bool) -> bytes:
        """Write the columns of the prediction behind those of the rows."""
        added = outputs.table(prediction, signature, probabilities=probabilities).values()
        return self._text([*row, *cells] for row, cells in zip(rows, zip(*added, strict=True), strict=True))

    def reject(self, rows: Any, bad: Sequence[BadRow]) -> bytes:
        """Write number and reason before the cells, of which there may be too many."""
        return self._text([*why, *row] for why, row in zip(bad, rows, strict=True))

    def sink(self, file: IO[bytes], signature: Signature, *, probabilities: bool) -> Sink:
        """Begin with the header."""
        file.write(self._text([[*self.columns, *added_names(signature, probabilities=probabilities)]], self._mark))
        return file

    def side_header(self) -> bytes:
        """Name number and reason, and the columns."""
        return self._text([[*(_free(name, self.columns) for name in REFUSED), *self.columns]], self._mark)

    @property
    def _mark(self) -> bytes:
        """Whoever wrote it in another encoding has a program that needs to be told of UTF-8."""
        return b"" if self._encoding == "utf-8" else codecs.BOM_UTF8

    def _text(self, rows: Iterable[Iterable[object]], mark: bytes = b"") -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self._separator, lineterminator="\n").writerows(rows)
        return self._pack(mark + text.getvalue().encode())


class JsonFormat(Format):
    """A JSON object a line; the prediction is added as POST /predict answers it."""

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Read batches of lines."""
        return self._batches(JsonLines)

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of lines."""
        return RecordParser(signature, unknown_categories=unknown_categories, unknown_fields="ignore").parse_lines

    def write(self, rows: Any, prediction: Prediction, signature: Signature, *, probabilities: bool) -> bytes:
        """Write the members of the prediction behind those of each line, which stays as it is."""
        members = {"prediction": outputs.predictions(prediction, signature)}
        if probabilities:
            members["probability"] = outputs.probabilities(prediction, signature)
        taken = [f'"{name}"'.encode() for name in members]
        lines = []
        for row, *values in zip(rows, *members.values(), strict=True):
            if any(map(row.__contains__, taken)):  # Perhaps as a value.
                refuse_clash(self.source, members, from_json(row))
            inside = row.strip()[:-1].rstrip()
            lines += [
                inside,
                b"," * (inside != b"{"),
                to_json(dict(zip(members, values, strict=True)), inf_nan_mode="null")[1:],
                b"\n",
            ]
        return self._pack(b"".join(lines))

    def reject(self, rows: Any, bad: Sequence[BadRow]) -> bytes:
        """Write number and reason before the members; what is no JSON object becomes a string."""
        return self._pack(b"".join(rejected(_record(row), why) for row, why in zip(rows, bad, strict=True)))


def added_names(signature: Signature, *, probabilities: bool) -> list[str]:
    """Name the columns that a prediction adds to a table."""
    shares = [np.empty((0, len(target.classes or []))) for target in signature.targets]
    nothing = Prediction([np.empty(0) for _ in signature.targets], shares)
    return list(outputs.table(nothing, signature, probabilities=probabilities))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what is wrong with a file into a TableError."""
    try:
        yield
    except MalformedRecords as error:
        raise TableError(f"{path} cannot be read on: {error}") from None
    except (OSError, EOFError, UnicodeError, zlib.error, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or (str(error) or type(error).__name__).splitlines()[0]
        raise TableError(f"{path} cannot be read ({reason}): is it whole?") from None


def refuse_clash(path: Path, added: Iterable[str], names: Container[str]) -> None:
    """Raise TableError if the prediction needs a name that is taken."""
    for name in added:
        if name in names:
            raise TableError(f"{path} has a column {name}, which is what the prediction is called: rename it there")


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def split_suffix(path: Path) -> tuple[str, str]:
    """Split off the suffix, which may be two: .csv.gz."""
    suffix = "".join(path.suffixes[-2:]) if _is_packed(path) else path.suffix
    return path.name.removesuffix(suffix), suffix


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = from_json(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"line": line.decode(errors="replace").strip()}


def rejected(record: dict[str, Any], why: BadRow) -> bytes:
    """Write a bad row as JSON, number and reason before its members."""
    named = {_free(name, record): value for name, value in zip(REFUSED, why, strict=True)}
    return to_json(named | record, inf_nan_mode="null", bytes_mode="base64", fallback=str) + b"\n"


def _free(name: str, taken: Container[str]) -> str:
    """Change a name until no column has it; the rows of a side file may be bad again."""
    while name in taken:
        name += "_"
    return name
