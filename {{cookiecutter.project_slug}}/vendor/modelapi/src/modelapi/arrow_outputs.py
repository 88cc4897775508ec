"""Predictions as columns of Arrow, and the Parquet files that they are written to."""

from __future__ import annotations

from itertools import zip_longest
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from modelapi import outputs
from modelapi.engines import Wanted
from modelapi.signature import Signature

ROW_GROUP = 32_000_000  # Bytes in memory.
TYPES = {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "string": pa.string()}


def added_fields(signature: Signature, wanted: Wanted) -> list[Any]:
    """Describe the columns that a prediction adds to a table."""
    types = []
    for target in signature.targets:
        types += [TYPES[target.type], *[pa.float64() for _ in (target.classes or []) if wanted.probabilities]]
    names = outputs.added_names(signature, wanted)
    return [pa.field(name, kind) for name, kind in zip_longest(names, types, fillvalue=pa.float64())]  # Of scores.


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
