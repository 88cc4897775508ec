"""Tables of text, CSV and NDJSON, as POST /predict reads and answers them."""

import csv
import io
from typing import IO, Any

from pydantic_core import to_json

from modelapi import explanation, outputs
from modelapi.engines import Prediction
from modelapi.records.cells import CellParser
from modelapi.records.columns import Columns
from modelapi.records.tables import CsvRows, JsonLines
from modelapi.serving.answers import CSV, NDJSON
from modelapi.serving.options import Options
from modelapi.serving.predicting import describe
from modelapi.serving.service import ServedModel
from modelapi.serving.tables import Explained, Kind, Reader, Writer


class CsvReader(Reader):
    """Reads CSV under a header line."""

    def __init__(self, source: IO[bytes], model: ServedModel) -> None:
        rows = CsvRows(source)
        self.batches = rows
        self.parse = CellParser(
            model.signature.features,
            rows.header,
            unknown_categories=model.parser.unknown_categories,
            unknown_fields=model.parser.unknown_fields,
            max_faults=model.parser.max_faults,
        ).parse


class CsvWriter(Writer):
    """Writes CSV under a header line."""

    def __init__(self, model: ServedModel, options: Options) -> None:
        self._signature = model.signature
        self._options = options
        self._header_is_written = False

    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write a row for each prediction, at first under a header line."""
        table: dict[str, list[Any]] = {**outputs.table(prediction, self._signature, self._options.wanted)}
        if explained is not None:
            table |= explanation.table(explained, self._signature)
        if self._options.warnings:
            table["warnings"] = outputs.warnings_of_rows(columns, self._signature)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._header_is_written:
            writer.writerow(table)
            self._header_is_written = True
        writer.writerows(zip(*table.values(), strict=True))
        return text.getvalue().encode()


class JsonReader(Reader):
    """Reads a JSON object a line."""

    def __init__(self, source: IO[bytes], model: ServedModel) -> None:
        self.batches = JsonLines(source)
        self.parse = model.parser.parse_lines


class JsonWriter(Writer):
    """Writes a JSON object a line."""

    def __init__(self, model: ServedModel, options: Options) -> None:
        self._signature = model.signature
        self._options = options

    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write an object for each prediction, with the members that an answer in JSON has."""
        members = outputs.members(prediction, self._signature, self._options.wanted)
        if explained is not None:
            members["explanation"] = explanation.explanations(explained, self._signature)
        if self._options.warnings:
            noted = outputs.warnings_by_row(columns, self._signature)
            members["warnings"] = [[describe(fault.of_its_row()) for fault in row] for row in noted]
        rows = zip(*members.values(), strict=True)
        return b"".join(to_json(dict(zip(members, row, strict=True)), inf_nan_mode="null") + b"\n" for row in rows)


KINDS = {CSV: Kind(CsvReader, CsvWriter), NDJSON: Kind(JsonReader, JsonWriter)}
