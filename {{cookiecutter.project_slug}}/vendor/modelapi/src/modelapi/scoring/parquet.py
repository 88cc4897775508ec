"""Parquet files that are scored batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from modelapi import outputs
from modelapi.engines import Prediction, Wanted
from modelapi.records.faults import Policy
from modelapi.records.parser import RecordParser
from modelapi.records.tables import BATCH_ROWS
from modelapi.scoring.formats import BadRow, Format, Parse, Sink, added_names, reading, rejected, split_suffix
from modelapi.signature import Signature
from modelapi.training.dialect import TableError

BATCH_CELLS = 1_000_000
ROW_GROUP = 32_000_000  # Bytes in memory.
TYPES = {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "string": pa.string()}


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
        size = max(1, min(BATCH_ROWS, BATCH_CELLS // max(1, len(self.columns))))
        # Read through a buffer, for a row group can be as large as the file.
        with reading(self.source), pq.ParquetFile(self.source, buffer_size=1_000_000, pre_buffer=False) as file:
            done = 0
            for batch in file.iter_batches(size, self.row_groups):
                done += len(batch)
                yield batch, done / file.metadata.num_rows

    def parser(self, signature: Signature, unknown_categories: Policy) -> Parse:
        """Make the parser of the columns that the model has. Raises TableError if one is not of single values."""
        fields = []
        for feature in signature.features:
            if feature.name not in self.columns:
                continue
            kind = self.schema.field(feature.name).type
            if pa.types.is_nested(kind):
                raise TableError(
                    f"{self.source}, column {feature.name} holds {kind}: a feature is a single value of each row"
                )
            # Training takes integers that JSON cannot hold for text.
            is_text = pa.types.is_integer(kind) and feature.type in ("string", "text")
            fields.append(pa.field(feature.name, pa.string() if is_text else kind))
        schema = pa.schema(fields)
        parse = RecordParser(signature, unknown_categories=unknown_categories).parse_values
        return lambda rows, start: parse(_records(rows.select(schema.names).cast(schema)), start)

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
        types = []
        for target in signature.targets:
            types += [TYPES[target.type], *[pa.float64() for _ in (target.classes or []) if wanted.probabilities]]
        schema = self.schema
        for name, kind in zip_longest(added_names(signature, wanted), types, fillvalue=pa.float64()):  # Of scores.
            schema = schema.append(pa.field(name, kind))
        return schema


class ParquetSink:
    """A Parquet file that is written in row groups of a size that its readers like."""

    def __init__(self, file: IO[bytes], schema: Any) -> None:
        self._writer = pq.ParquetWriter(file, schema)
        self._waiting: list[Any] = []
        self._size = 0

    def write(self, batch: Any, /) -> None:
        """Keep the batch until there are enough of them."""
        self._waiting.append(batch)
        self._size += batch.nbytes
        if self._size >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer."""
        try:
            self._flush()
            self._writer.close()
        finally:
            self._writer.is_open = False  # On a full disk its destructor would fail again.

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting, self._size = [], 0


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
