"""Parquet files that are scored batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from modelapi import outputs
from modelapi.arrow_outputs import ParquetSink, added_fields
from modelapi.engines import Prediction, Wanted
from modelapi.records.arrow import ArrowParser, batch_rows, holds_values
from modelapi.records.faults import Policy
from modelapi.scoring.formats import BadRow, Format, Parse, Sink, reading, rejected, split_suffix
from modelapi.signature import Signature
from modelapi.training.dialect import TableError


class ParquetFormat(Format):
    """Parquet; the columns keep their types. Bad rows become NDJSON, which can hold what the types cannot."""

    row_groups: Sequence[int] | None = None  # All.

    def __init__(self, source: Path, destination: Path) -> None:
        super().__init__(source, destination)
        with reading(source), pq.ParquetFile(source) as file:
            self.schema = file.schema_arrow
        self.columns = self.schema.names

    @property
    def side(self) -> Path:
        """The file for bad rows, beside the output."""
        return self.destination.with_name(f"{split_suffix(self.destination)[0]}.bad.ndjson")

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Read record batches."""
        # Read through a buffer, for a row group can be as large as the file.
        with reading(self.source), pq.ParquetFile(self.source, buffer_size=1_000_000, pre_buffer=False) as file:
            done = 0
            for batch in file.iter_batches(batch_rows(len(self.columns)), self.row_groups):
                done += len(batch)
                yield batch, done / file.metadata.num_rows

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of the columns that the model has. Raises TableError if one is not of single values."""
        for feature in signature.features:
            if feature.name in self.columns and not holds_values(kind := self.schema.field(feature.name).type):
                raise TableError(
                    f"{self.source}, column {feature.name} holds {kind}: a feature is a single value of each row"
                )
        return ArrowParser(signature.features, self.schema, unknown_categories=unknown_categories).parse

    def select(self, rows: Any, places: Sequence[int]) -> Any:
        """Take some of the rows."""
        return rows.take(pa.array(places, pa.int64()))

    def write(self, rows: Any, prediction: Prediction, signature: Signature, wanted: Wanted) -> Any:
        """Put the columns of the prediction behind those of the rows."""
        schema = self._with(signature, wanted)
        cells = outputs.table(prediction, signature, wanted).values()
        added = [pa.array(values, schema.types[place]) for place, values in enumerate(cells, len(self.columns))]
        return pa.RecordBatch.from_arrays([*rows.columns, *added], schema=schema)

    def reject(self, rows: Any, bad: Sequence[BadRow]) -> bytes:
        """Write each row as a JSON object."""
        return b"".join(rejected(record, why) for record, why in zip(_records(rows), bad, strict=True))

    def sink(self, file: IO[bytes], signature: Signature, wanted: Wanted) -> Sink:
        """Begin a file whose schema is that of the input and the columns of the prediction."""
        return ParquetSink(file, self._with(signature, wanted))

    def _with(self, signature: Signature, wanted: Wanted) -> Any:
        schema = self.schema
        for field in added_fields(signature, wanted):
            schema = schema.append(field)
        return schema


def _records(batch: Any) -> list[dict[str, Any]]:
    """List the rows of a record batch with values such as JSON has."""
    cells = [_plain(column) for column in batch.columns]
    return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*cells, strict=True)]


def _plain(values: Any) -> list[Any]:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        moments = values.cast(pa.timestamp("us", kind.tz and "UTC"), safe=False).to_pylist()
        return [moment and moment.isoformat() for moment in moments]
    if pa.types.is_date(kind):
        return [day and day.isoformat() for day in values.to_pylist()]
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = values.cast(pa.float64()).to_pylist()
        return [None if number != number else number for number in numbers]
    plain: list[Any] = values.to_pylist()
    return plain
