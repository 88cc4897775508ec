"""The parts of a table of Parquet files: each row group is scored by itself, into files of its own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from modelapi.scoring.formats import reading
from modelapi.scoring.parquet import ParquetFormat
from modelapi.training.dialect import TableError


class RowGroup(NamedTuple):
    """Which row group of which file it is, and how many rows of that file are before it."""

    source: str
    number: int
    start: int


class Part(ParquetFormat):
    """A row group as a table. The numbers of its bad rows are those in its file."""

    def __init__(self, part: RowGroup, scored: Path, bad: Path) -> None:
        """Look into the file; scored and bad : the folders to write to. Raises TableError."""
        source = Path(part.source)
        name = f"{source.stem}.{part.number:05}"
        super().__init__(source, scored / f"{name}.parquet")
        self.row_groups = [part.number]
        self._side = bad / f"{name}.ndjson"

    @property
    def side(self) -> Path:
        """The file for bad rows, in a folder of such files."""
        return self._side


def find_parts(source: Path) -> list[RowGroup]:
    """List the row groups of a Parquet file, or of all in a folder, as their parts are ordered by name.

    Raises TableError, also if not all have the same columns.
    """
    parts: list[RowGroup] = []
    files = _find_files(source)
    first = None
    for file in files:
        with reading(file):
            metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
        first = schema if first is None else first
        if not schema.equals(first):
            raise TableError(f"{file} has other columns than {files[0]}, or other types: score it by itself")
        start = 0
        for number in range(metadata.num_row_groups):
            n_rows = metadata.row_group(number).num_rows
            parts += [RowGroup(str(file.absolute()), number, start)] if n_rows else []
            start += n_rows
    if not parts:
        raise TableError(f"{source} has no rows: there is nothing to score")
    return parts


def _find_files(source: Path) -> list[Path]:
    if source.is_dir():
        files = [path for path in source.iterdir() if not path.name.startswith((".", "_"))]
        others = [path.name for path in files if not _is_parquet(path)]
        if others or not files:
            what = f"holds {min(others)}" if others else "is empty"
            raise TableError(f"{source} {what}: name a folder that holds Parquet files, and nothing else")
        return sorted(files, key=lambda path: f"{path.stem}.0")
    if not source.is_file():
        raise TableError(f"{source} is not there: name a Parquet file, or a folder of them")
    if not _is_parquet(source):
        raise TableError(f"{source} is not Parquet, which is all that is scored on Ray: leave --ray out")
    return [source]


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet" and path.is_file()
