"""A table of text as people's programs write it: its header found, and each row as wide as that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from modelapi.records.faults import MalformedRecords
from modelapi.records.tables import BATCH_ROWS, without_end

PEEKED = 20  # Rows by which the header is found.
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class Grid(NamedTuple):
    """The names of the columns, the rows as they are read, and what was read and is no row, known at the end."""

    header: list[str]
    rows: Iterator[list[str]]
    notes: list[str]


def read_grid(rows: Iterator[list[str]], names: Sequence[str] | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Read rows of cells into columns of text, and say what of them is no row of the table.

    names : of the columns, if no header line has them.
    Raises MalformedRecords naming the row, from 1 below the header.
    """
    grid = open_grid(rows, names)
    return _without_empty(_arrays(_of_one_width(grid), grid.header), grid.header), grid.notes


def open_grid(rows: Iterator[list[str]], names: Sequence[str] | None = None) -> Grid:
    """Find the header among the first rows; the others are read when they are asked for. Raises MalformedRecords."""
    notes: list[str] = []
    first = list(islice(rows, PEEKED))
    if not first:
        raise MalformedRecords("it is empty: it needs a header line with the names of the columns")
    if names is None:
        skipped = _count_titles(first)
        if skipped:
            notes.append(f"without {skipped} line{'s' * (skipped > 1)} above its header")
        header, first = first[skipped], first[skipped + 1 :]
        header = _header(header, first, notes)
    else:
        header = list(names)
    return Grid(header, _body(chain(first, rows), header, notes), notes)


def _count_titles(rows: Sequence[Sequence[str]]) -> int:
    """Count the lines above the header: empty ones, and titles, which have one cell where others have more."""
    widest = max((len(row) for row in rows), default=0)
    for place, row in enumerate(rows):
        filled = [cell for cell in row if cell.strip()]
        is_title = len(filled) == 1 and bool(row[0].strip()) and (len(row) < min(2, widest) or len(row) > 2)
        if filled and not is_title:
            return place
        if is_title and len(row) > 2 and not any(len([1 for cell in one if cell.strip()]) > 1 for one in rows[place:]):
            return place
    return 0


def _header(header: list[str], rows: Sequence[Sequence[str]], notes: list[str]) -> list[str]:
    """Take what is not part of the names off them. Raises MalformedRecords if they are a row."""
    if header and header[0].startswith("# "):  # So np.savetxt writes one.
        header = [header[0][2:], *header[1:]]
    elif header and header[0] == "#" and rows and all(len(row) == len(header) - 1 for row in rows):
        header = header[1:]
    if rows and all(len(row) == len(header) + 1 and row[-1] for row in rows):
        header = ["", *header]
        notes.append("with a first column that the header does not name")
    names = header[1:] or header
    if names and all(name[:1].isspace() or not name for name in names) and any(names):
        header = [name.strip() for name in header]
    if header and all(map(_NUMBER.fullmatch, header)) and not _are_places(header):
        raise MalformedRecords("it begins with a line of numbers: name its columns in a header, or by NAMES=a,b")
    return header


def _are_places(header: Sequence[str]) -> bool:
    """Tell whether names are those that a frame of an array has, 0, 1, 2, or years."""
    if not all(name.isascii() and name.isdigit() for name in header):
        return False
    numbers = [int(name) for name in header]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and (numbers[0] < 2 or numbers[0] >= 1000)


def _body(rows: Iterable[list[str]], header: Sequence[str], notes: list[str]) -> Iterator[list[str]]:
    """Leave out rows that are none."""
    width, repeated, empty = len(header), 0, 0
    stripped = [name.strip() for name in header]
    for number, cells in enumerate(rows, 1):
        row = without_end(cells, width)
        if len(row) == width > 1 and not any(row):
            empty += 1
        elif row[0].strip() == stripped[0] and [cell.strip() for cell in row] == stripped:
            repeated += 1
            repeat = number
        else:
            yield row
    if repeated:
        notes.append(
            f"without row {repeat}, which is the header again"
            if repeated == 1
            else f"without {repeated} rows that are the header again"
        )
    if empty:
        notes.append(f"without {empty} empty row{'s' * (empty > 1)}")


def _of_one_width(grid: Grid) -> Iterator[list[str]]:
    """Raise MalformedRecords at a row that is too short or too long."""
    width = len(grid.header)
    for number, row in enumerate(grid.rows, 1):
        if len(row) != width:
            why = "is a cell with a separator not in quotes?" if len(row) > width else "is it cut short, or no row?"
            raise MalformedRecords(f"row {number} has {len(row)} cells, but the header has {width}: {why}")
        yield row


def _arrays(rows: Iterator[list[str]], header: Sequence[str]) -> list[Any]:
    """Gather the cells of each column, an empty one as null."""
    chunks: list[list[Any]] = [[] for _ in header]
    while batch := list(islice(rows, BATCH_ROWS)):
        for own, cells in zip(chunks, zip(*batch, strict=True), strict=True):
            own.append(pa.array([cell or None for cell in cells], pa.string()))
    return [pa.chunked_array(own, pa.string()) for own in chunks]


def _without_empty(arrays: Sequence[Any], header: Sequence[str]) -> pd.DataFrame:
    """Leave out columns with neither a name nor a value, which spreadsheets write at the end of each line."""
    kept = [place for place, name in enumerate(header) if name.strip() or arrays[place].null_count < len(arrays[place])]
    dtype: Any = pd.StringDtype("pyarrow")
    frame = pd.DataFrame({place: pd.Series(dtype.__from_arrow__(arrays[place])) for place in kept})
    return frame.set_axis([header[place] for place in kept], axis=1)
