"""CSV and NDJSON files that are scored batch by batch, also packed with gzip."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from pydantic_core import from_json, to_json

from modelapi import outputs
from modelapi.engines import Prediction, Wanted
from modelapi.records.cells import CellParser
from modelapi.records.faults import Policy
from modelapi.records.headers import as_named
from modelapi.records.parser import RecordParser
from modelapi.records.tables import CsvLines, JsonLines
from modelapi.scoring.formats import REFUSED, BadRow, Format, Parse, Sink, free, refuse_clash, rejected
from modelapi.signature import Signature
from modelapi.training.dialect import SEPARATORS, Dialect, detect
from modelapi.training.grid import open_grid

SNIFFED = 1_000_000  # Bytes, by which separator and encoding are found.


class GridRows:
    """The rows of a CSV file, under a header that is found as training finds it."""

    def __init__(self, file: IO[bytes], dialect: Dialect, names: Sequence[str] | None) -> None:
        """Find the header. Raises MalformedRecords."""
        separator, encoding, skip_blanks, skip_line = dialect
        self._lines = CsvLines(
            file,
            delimiter=SEPARATORS[separator],
            encoding=encoding,
            skip_blanks=skip_blanks,
            skip_line=skip_line,
        )
        self.header, self._rows, _ = open_grid(iter(self._lines), names)

    def __iter__(self) -> Iterator[list[list[str]]]:
        """Yield batches of rows. Raises MalformedRecords with the number of the row."""
        return self._lines.batches(self._rows)


class CsvFormat(Format):
    """CSV as training reads it, in any separator and encoding; written in UTF-8 with the same separator."""

    def __init__(
        self,
        source: Path,
        destination: Path,
        separator: str | None,
        encoding: str | None,
        names: Sequence[str] | None = None,
    ) -> None:
        """Look into the input; names : of the columns, if no header line has them. Raises TableError."""
        super().__init__(source, destination)
        self._names = names
        with self._open() as (file, _):
            self._dialect = detect(source, file.read(SNIFFED), separator, encoding)
        self._separator = SEPARATORS[self._dialect.separator]
        with self._open() as (file, _):
            rows = self._rows(file)
            self.columns = rows.header

    def _rows(self, file: IO[bytes]) -> GridRows:
        return GridRows(file, self._dialect, self._names)

    def named(self, signature: Signature) -> Sequence[str]:
        """Name the columns as the model does, without the blanks around them."""
        return as_named(self.columns, [feature.name for feature in signature.features])

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Read batches of lists of cells."""
        return self._batches(self._rows)

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of the cells under this header. Raises InvalidRecords if it does not fit."""
        return CellParser(signature.features, self.columns, unknown_categories=unknown_categories).parse

    def write(self, rows: Any, prediction: Prediction, signature: Signature, wanted: Wanted) -> bytes:
        """Write the columns of the prediction behind those of the rows."""
        added = outputs.table(prediction, signature, wanted).values()
        return self._text([*row, *cells] for row, cells in zip(rows, zip(*added, strict=True), strict=True))

    def reject(self, rows: Any, bad: Sequence[BadRow]) -> bytes:
        """Write number and reason before the cells, of which there may be too many."""
        return self._text([*why, *row] for why, row in zip(bad, rows, strict=True))

    def sink(self, file: IO[bytes], signature: Signature, wanted: Wanted) -> Sink:
        """Begin with the header."""
        file.write(self._text([[*self.columns, *outputs.added_names(signature, wanted)]], self._mark))
        return file

    def side_header(self) -> bytes:
        """Name number and reason, and the columns."""
        return self._text([[*(free(name, self.columns) for name in REFUSED), *self.columns]], self._mark)

    @property
    def _mark(self) -> bytes:
        """Whoever wrote it in another encoding has a program that needs to be told of UTF-8."""
        return b"" if self._dialect.encoding == "utf-8" else codecs.BOM_UTF8

    def _text(self, rows: Iterable[Iterable[object]], mark: bytes = b"") -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._separator, lineterminator="\n")
        if self._separator == " ":  # An empty cell is to be seen.
            writer = csv.writer(text, delimiter=" ", lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows(rows)
        return self._pack(mark + text.getvalue().encode())


class JsonFormat(Format):
    """A JSON object a line; the prediction is added as POST /predict answers it."""

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Read batches of lines."""
        return self._batches(JsonLines)

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of lines."""
        return RecordParser(signature, unknown_categories=unknown_categories, unknown_fields="ignore").parse_lines

    def write(self, rows: Any, prediction: Prediction, signature: Signature, wanted: Wanted) -> bytes:
        """Write the members of the prediction behind those of each line, which stays as it is."""
        members = outputs.members(prediction, signature, wanted)
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


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = from_json(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"line": line.decode(errors="replace").strip()}
