"""Tables in Arrow's stream format and in Parquet, read in batches so that memory does not grow with them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa

from modelapi.records.arrow import batch_rows
from modelapi.records.arrow_messages import NO_STREAM, screened
from modelapi.records.faults import MalformedRecords
from modelapi.records.parquet_process import ParquetProcess
from modelapi.records.tables import Chunks


class ArrowRows:
    """The rows of an Arrow stream."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the schema. Raises RecordsError."""
        with _reading():
            self._reader = pa.ipc.open_stream(io.BufferedReader(Chunks(screened(file))))
            self.schema = self._reader.schema
            _ = self.schema.names  # Which are in UTF-8, or not.

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield batches of rows of some columns. Raises RecordsError."""
        size = batch_rows(len(names))
        while (batch := self._next(names)) is not None:
            for start in range(0, len(batch), size):
                yield batch.slice(start, size)

    def _next(self, names: Sequence[str]) -> Any:
        with _reading():
            try:
                batch = self._reader.read_next_batch().select(names)
            except StopIteration:
                return None
            batch.validate(full=True)  # What says where values are may lie.
            return batch


class ParquetRows:
    """The rows of a Parquet file, of which another process makes two Arrow streams."""

    def __init__(self, process: ParquetProcess) -> None:
        """Read the schema. Raises RecordsError."""
        self._process = process
        with process.explaining():
            head = ArrowRows(process.output)
            self.schema = head.schema
            list(head.batches([]))  # Up to the end of the first.

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield batches of rows of some columns. Raises RecordsError."""
        with self._process.explaining():
            yield from ArrowRows(self._process.output).batches(names)


@contextmanager
def _reading() -> Iterator[None]:
    """Turn what Arrow says of a stream, which can quote it, into MalformedRecords."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError, OverflowError, MemoryError):
        raise MalformedRecords(NO_STREAM) from None
