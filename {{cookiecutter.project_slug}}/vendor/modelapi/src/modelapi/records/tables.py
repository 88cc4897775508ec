"""Tables of any length, CSV or NDJSON, read in batches so that memory does not grow with them."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import IO, Any

from modelapi.records.faults import MalformedRecords

BATCH_ROWS = 10_000
BATCH_SIZE = 4_000_000  # Characters.
MAX_ROW = 1_000_000  # Characters.

csv.field_size_limit(MAX_ROW)  # Its own limit is lower, and it would call that a broken quote.


class Chunks(io.RawIOBase):
    """Chunks of bytes, as a file to read from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, or as much of it as the next chunk does; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class _Lines:
    """Lines of a file, of which those of one row may not exceed MAX_ROW."""

    def __init__(self, file: IO[Any]) -> None:
        self._file = file
        self.size = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> Any:
        line = self._file.readline(MAX_ROW)
        if not line:
            raise StopIteration
        self.size += len(line)
        if self.size >= MAX_ROW:
            raise MalformedRecords(f"a row holds {MAX_ROW} characters or more: is a quote or a line end missing?")
        return line


class CsvLines:
    """The lines of a CSV file, the first of which may be a header."""

    def __init__(
        self,
        file: IO[bytes],
        *,
        delimiter: str = ",",
        encoding: str = "utf-8-sig",
        skip_blanks: bool = False,
        skip_line: bool = False,
    ) -> None:
        """Begin to read.

        skip_blanks : leave out blanks before a cell; where they are the delimiter, any number of them is one.
        skip_line : leave out the first line.
        """
        self._lines = _Lines(io.TextIOWrapper(file, encoding=encoding, newline=""))
        if skip_line:
            next(self._lines, None)
        skip = skip_blanks or delimiter == " "
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True, skipinitialspace=skip)
        self._row = -1  # The header is row 0.

    def batches(self, rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
        """Gather rows that are made of these lines."""
        return _batches(rows, self._lines)

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the cells of each line. Raises MalformedRecords with the number of the row."""
        try:
            for cells in filter(None, self._reader):  # An empty line is no row.
                self._row += 1
                yield cells
        except UnicodeDecodeError:
            raise MalformedRecords(f"the table is not in UTF-8, in row {self._row + 1} or soon after it") from None
        except csv.Error as error:
            inside = "expected after" in str(error)
            why = "is a quote within a cell not doubled?" if inside else "is a quote missing?"
            raise MalformedRecords(f"row {self._row + 1} is not valid CSV: {why}") from None


class CsvRows:
    """The rows of a CSV file, under a header line."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the header. Raises MalformedRecords."""
        self._lines = CsvLines(file)
        self.header, self._rows = read_header(self._lines)

    def __iter__(self) -> Iterator[list[list[str]]]:
        """Yield batches of rows. Raises MalformedRecords with the number of the row."""
        return self._lines.batches(self._rows)


def read_header(lines: CsvLines) -> tuple[list[str], Iterator[list[str]]]:
    """Take the first line for the header, and the others for rows. Raises MalformedRecords."""
    rows = iter(lines)
    header = next(rows, [])
    if not header:
        raise MalformedRecords("the table is empty: it needs a header line with the names of the columns")
    return header, (without_end(cells, len(header)) for cells in rows)


def without_end(cells: list[str], width: int) -> list[str]:
    """Take off what a separator at the end of a line adds to a row of so many cells."""
    return cells[:-1] if len(cells) == width + 1 and not cells[-1] else cells


class JsonLines:
    """The lines of an NDJSON file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._lines = _Lines(file)

    def __iter__(self) -> Iterator[list[bytes]]:
        """Yield batches of lines that are not empty."""
        return _batches(filter(bytes.strip, self._rows()), self._lines)

    def _rows(self) -> Iterator[bytes]:
        yield next(self._lines, b"").removeprefix(BOM_UTF8)
        yield from self._lines


def _batches(rows: Iterable[Any], lines: _Lines) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += lines.size
        lines.size = 0
        if len(batch) == BATCH_ROWS or size >= BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
