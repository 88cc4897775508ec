"""Files that are scored as training reads them: whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from modelapi.records.faults import Policy
from modelapi.records.parser import RecordParser
from modelapi.records.tables import BATCH_ROWS
from modelapi.scoring.formats import Format, Parse
from modelapi.scoring.text_formats import CsvFormat
from modelapi.signature import Signature
from modelapi.training.dialect import Dialect
from modelapi.training.features import plain_values
from modelapi.training.reading import read_table


class WholeFormat(CsvFormat):
    """A workbook, Feather, a list in JSON, or a table in an archive; written as CSV."""

    def __init__(
        self,
        source: Path,
        destination: Path,
        separator: str | None,
        encoding: str | None,
        names: Sequence[str] | None = None,
    ) -> None:
        """Read the input; names : of the columns, if no header line has them. Raises TableError."""
        Format.__init__(self, source, destination)
        self._dialect, self._separator = Dialect("comma", "utf-8"), ","
        table = read_table(source, separator, encoding, names)
        self.columns = [*table.frame.columns]
        self._frame, self._is_text = table.frame, table.is_text

    def __getstate__(self) -> dict[str, Any]:
        """Leave the table here: the workers are sent its batches."""
        return self.__dict__ | {"_frame": None}

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Take batches of lists of cells, which are text or values such as JSON has."""
        n_rows = len(self._frame)
        for start in range(0, n_rows, BATCH_ROWS):
            part = self._frame.iloc[start : start + BATCH_ROWS]
            cells = [map(self._cell, plain_values(part[name])) for name in part.columns]
            yield [*map(list, zip(*cells, strict=True))], (start + len(part)) / n_rows

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of the cells, or of the values of each row."""
        if self._is_text:
            return super().parser(signature, unknown_categories)
        names = self.columns
        records = RecordParser(signature, unknown_categories=unknown_categories, unknown_fields="ignore")
        return lambda rows, start: records.parse_values([dict(zip(names, row, strict=True)) for row in rows], start)

    def _cell(self, value: Any) -> Any:
        if value is None and self._is_text:
            return ""
        return value.isoformat() if isinstance(value, datetime) else value
