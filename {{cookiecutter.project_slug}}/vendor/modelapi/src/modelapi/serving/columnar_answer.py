"""Tables of columns, Arrow and Parquet, as POST /predict reads and answers them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any

import pyarrow as pa

from modelapi import explanation, outputs
from modelapi.arrow_outputs import ParquetSink, added_fields
from modelapi.engines import Prediction
from modelapi.records.arrow import ArrowParser
from modelapi.records.columnar import ArrowRows, ParquetRows
from modelapi.records.columns import Columns
from modelapi.serving.answers import ARROW, PARQUET, Problem
from modelapi.serving.logs import get_logger
from modelapi.serving.options import Options
from modelapi.serving.service import ServedModel
from modelapi.serving.tables import Explained, Kind, Reader, Writer

log = get_logger()


class ColumnarReader(Reader):
    """Reads record batches."""

    rows: Callable[[Any], Any]
    """Reads a table."""

    def __init__(self, source: Any, model: ServedModel) -> None:
        rows = self.rows(source)
        parser = ArrowParser(
            model.signature.features,
            rows.schema,
            unknown_categories=model.parser.unknown_categories,
            unknown_fields=model.parser.unknown_fields,
            max_faults=model.parser.max_faults,
        )
        self.parse = parser.parse
        self.batches = rows.batches(parser.names)


class ColumnarWriter(Writer):
    """Writes typed columns, which are named as in CSV."""

    begin: Callable[[IO[bytes], Any], Any]
    """Begins to write a table of a schema."""

    def __init__(self, model: ServedModel, options: Options) -> None:
        self._signature = model.signature
        self._options = options
        self._kinds = {field.name: field.type for field in added_fields(model.signature, options.wanted)}
        self._writer: Any = None
        self._written = io.BytesIO()

    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write a batch of a row for each prediction, the first behind the schema."""
        cells: dict[str, Any] = {**outputs.arrays(prediction, self._signature, self._options.wanted)}
        if explained is not None:
            cells |= explanation.table(explained, self._signature)
        if self._options.warnings:
            cells["warnings"] = outputs.warnings_of_rows(columns, self._signature)
        batch = pa.record_batch({name: self._array(name, values) for name, values in cells.items()})
        if self._writer is None:
            self._kinds = {field.name: field.type for field in batch.schema}
            self._writer = self.begin(self._written, batch.schema)
        self._writer.write(batch)
        return self._take()

    def end(self) -> bytes:
        """Write what is left."""
        self._writer.close()
        return self._take()

    def _array(self, name: str, values: Any) -> Any:
        """Make a column of its type; `adjust` decides it in the first batch, if it answers other labels."""
        kind = self._kinds.get(name)
        try:
            return pa.array(values, kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            if self._writer is None and kind is not None:
                del self._kinds[name]
                return self._array(name, values)
            log.error(
                "labels of which a column cannot hold all: let adjust answer one type", error=type(error).__name__
            )
            raise Problem(500) from None

    def _take(self) -> bytes:
        part = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return part


class ArrowReader(ColumnarReader):
    """Reads a stream of record batches."""

    rows = ArrowRows


class ArrowWriter(ColumnarWriter):
    """Writes a stream of record batches."""

    begin = staticmethod(pa.ipc.new_stream)


class ParquetReader(ColumnarReader):
    """Reads what a process makes of a Parquet file."""

    rows = ParquetRows


class ParquetWriter(ColumnarWriter):
    """Writes a Parquet file."""

    begin = ParquetSink


KINDS = {ARROW: Kind(ArrowReader, ArrowWriter), PARQUET: Kind(ParquetReader, ParquetWriter)}
