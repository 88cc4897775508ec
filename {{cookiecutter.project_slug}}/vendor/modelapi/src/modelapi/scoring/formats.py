"""What a kind of file is scored with, batch by batch.

A Format is sent to the worker processes, so it holds no open file: the parent reads and writes the files, the workers
parse and format the batches.
"""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, cast

import pyarrow as pa
from pydantic_core import to_json

from modelapi.engines import Prediction, Wanted
from modelapi.records.columns import Columns
from modelapi.records.faults import MalformedRecords, Policy
from modelapi.signature import Signature
from modelapi.training.dialect import TableError

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

    def named(self, _signature: Signature) -> Sequence[str]:
        """Name the columns as the model does."""
        return self.columns

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
    def write(self, rows: Any, prediction: Prediction, signature: Signature, wanted: Wanted) -> Any:
        """Make the part of the output for these rows, each with its prediction."""

    @abstractmethod
    def reject(self, rows: Any, bad: Sequence[BadRow]) -> bytes:
        """Make the part of the side file for these rows, each with what is wrong."""

    def sink(self, file: IO[bytes], _signature: Signature, _wanted: Wanted) -> Sink:
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
            yield cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if is_packed(self.source) else raw, raw

    def _batches(self, rows: Callable[[IO[bytes]], Iterable[Any]]) -> Iterator[tuple[Any, float]]:
        with self._open() as (file, raw):
            size = self.source.stat().st_size
            table = rows(file)
            for batch in table:
                yield batch, raw.tell() / size

    def _pack(self, text: bytes) -> bytes:
        """Pack a part by itself, so that the workers do it: gzip files one after the other are a gzip file."""
        return gzip.compress(text, 6, mtime=0) if is_packed(self.destination) else text


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


def is_packed(path: Path) -> bool:
    """Tell whether a file is packed with gzip."""
    return path.suffix.lower() == ".gz"


def split_suffix(path: Path) -> tuple[str, str]:
    """Split off the suffix, which may be two: .csv.gz."""
    suffix = "".join(path.suffixes[-2:]) if is_packed(path) else path.suffix
    return path.name.removesuffix(suffix), suffix


def rejected(record: dict[str, Any], why: BadRow) -> bytes:
    """Write a bad row as JSON, number and reason before its members."""
    named = {free(name, record): value for name, value in zip(REFUSED, why, strict=True)}
    return to_json(named | record, inf_nan_mode="null", bytes_mode="base64", fallback=str) + b"\n"


def free(name: str, taken: Container[str]) -> str:
    """Change a name until no column has it; the rows of a side file may be bad again."""
    while name in taken:
        name += "_"
    return name
