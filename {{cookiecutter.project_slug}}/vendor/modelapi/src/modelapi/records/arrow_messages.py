"""The messages of an Arrow stream, looked at before Arrow reads them: what they say of their size may be a lie.

https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

import struct
from collections.abc import Iterator
from typing import IO

from modelapi.records.faults import MalformedRecords, TooManyRecords

BEGIN = b"\xff\xff\xff\xff"
FILE = b"ARRO"  # With which files in Arrow's other format begin.
DICTIONARY, BATCH = 2, 3  # Kinds of messages.
MAX_HEAD = 4_000_000  # Bytes of what describes a message.
MAX_BATCH = 100_000_000  # Bytes.
MAX_BATCH_ROWS = 10_000_000  # A column of nothing but nulls takes no bytes at all.
NO_STREAM = "the body is no Arrow stream: write it as pyarrow.ipc.new_stream does"
TOO_MANY_COLUMNS = "the table has too many columns: send those of the model"
TOO_LARGE = (
    f"a record batch may hold at most {MAX_BATCH_ROWS} rows and {MAX_BATCH} bytes when it is unpacked, and so may all "
    "dictionaries: write smaller ones, as write_table(table, max_chunksize=10000) does"
)


def screened(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a stream in parts, none of which takes much memory when it is read. Raises RecordsError."""
    dictionaries = 0
    while start := file.read(8):
        if start[:4] != BEGIN:
            raise MalformedRecords(NO_STREAM + " (this is what new_file writes)" * (start[:4] == FILE))
        (n_bytes,) = _unpack("<i", start, 4)
        if not n_bytes:  # The end.
            yield start
            return
        if not 0 < n_bytes <= MAX_HEAD:
            raise TooManyRecords(TOO_MANY_COLUMNS)
        head = _take(file, n_bytes)
        message = _Table(head, _unpack("<I", head, 0)[0])
        kind, n_bytes = message.number("<B", 1), message.number("<q", 3)
        if not 0 <= n_bytes <= MAX_BATCH:
            raise TooManyRecords(TOO_LARGE)
        body = _take(file, n_bytes)
        if kind in (DICTIONARY, BATCH):
            content = message.table(2)
            n_rows, size = _measure(content.table(1) if kind == DICTIONARY else content, body)
            if kind == DICTIONARY:  # A later one may be added to what is there.
                size = dictionaries = dictionaries + max(size, n_bytes)
            if size > MAX_BATCH or not 0 <= n_rows <= MAX_BATCH_ROWS:
                raise TooManyRecords(TOO_LARGE)
        yield start + head
        yield body


def _measure(batch: "_Table", body: bytes) -> tuple[int, int]:
    """Count the rows of a record batch, and the bytes that its buffers take when they are unpacked."""
    size = 0
    buffers, n_buffers = batch.vector(2)
    is_packed = batch.place(3) is not None
    for place in range(buffers, buffers + 16 * n_buffers, 16):
        offset, length = _unpack("<qq", batch.data, place)
        unpacked = _unpack("<q", body, offset)[0] if is_packed and length > 0 else -1
        if length < 0 or unpacked < -1:
            raise MalformedRecords(NO_STREAM)
        size += max(length, unpacked)
    return batch.number("<q", 0), size


class _Table:
    """A table of a FlatBuffer, of which nothing is known yet but where it is."""

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self._start = start
        self._fields = start - _unpack("<i", data, start)[0]
        self._size = _unpack("<H", data, self._fields)[0]

    def place(self, field: int) -> int | None:
        """Tell where a field is; None if it is not there."""
        entry = 4 + 2 * field
        offset = _unpack("<H", self.data, self._fields + entry)[0] if entry < self._size else 0
        return self._start + offset if offset else None

    def number(self, form: str, field: int) -> int:
        """Read a number, which is 0 if it is not there."""
        place = self.place(field)
        return 0 if place is None else int(_unpack(form, self.data, place)[0])

    def table(self, field: int) -> "_Table":
        """Follow the reference to another table."""
        return _Table(self.data, self._follow(field))

    def vector(self, field: int) -> tuple[int, int]:
        """Tell where a vector begins, and how many elements it has; none if it is not there."""
        if self.place(field) is None:
            return 0, 0
        start = self._follow(field)
        return start + 4, int(_unpack("<I", self.data, start)[0])

    def _follow(self, field: int) -> int:
        place = self.place(field)
        if place is None:
            raise MalformedRecords(NO_STREAM)
        return place + int(_unpack("<I", self.data, place)[0])


def _unpack(form: str, data: bytes, place: int) -> tuple[int, ...]:
    """Read numbers. Raises MalformedRecords if there is no such place."""
    if place < 0:
        raise MalformedRecords(NO_STREAM)
    try:
        return struct.unpack_from(form, data, place)
    except struct.error:
        raise MalformedRecords(NO_STREAM) from None


def _take(file: IO[bytes], size: int) -> bytes:
    """Read so many bytes. Raises MalformedRecords if there are fewer."""
    found = file.read(size)
    if len(found) < size:
        raise MalformedRecords("the Arrow stream ends within a message: is it whole?")
    return found
