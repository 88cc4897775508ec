"""What is sent: records in JSON, as many at a time as the API takes, and tables in blocks."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, BinaryIO

from .transport import BLOCK, Body

CSV = "text/csv"
JSON = "application/json"
Source = str | os.PathLike[str] | BinaryIO | Iterable[bytes]
"""A table in CSV: the path of a file, a file that is open, or its bytes in parts. Only a path can be sent again."""


def write_record(record: Mapping[str, Any]) -> bytes:
    """Write a record in JSON, dates as ISO 8601 has them. Raises ValueError for NaN and infinity."""
    try:
        return json.dumps(record, default=_date, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        raise ValueError("a record holds NaN or infinity: send None where a value is missing") from None


def _date(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a record holds a {type(value).__name__}, which JSON has not")


def of_bytes(content: bytes) -> Body:
    """Send JSON."""
    return Body(lambda: content, is_repeatable=True, media_type=JSON)


def batches(records: Iterable[Mapping[str, Any]], max_rows: int, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Write records in lists under both limits, and before each say how many records came before."""
    start, rows, size = 0, list[bytes](), 1
    for record in records:
        row = write_record(record)
        if rows and (len(rows) == max_rows or size + len(row) + 1 > max_bytes):
            yield start, b"[" + b",".join(rows) + b"]"
            start, rows, size = start + len(rows), [], 1
        rows.append(row)
        size += len(row) + 1
    if rows or not start:  # Without any record it is for the API to say so.
        yield start, b"[" + b",".join(rows) + b"]"


def of_table(table: Source) -> Body:
    """Send a table in CSV."""
    if isinstance(table, str | os.PathLike):
        return Body(lambda: _of_path(table), is_repeatable=True, media_type=CSV)
    read = getattr(table, "read", None)
    return Body(
        lambda: _blocks(iter(partial(read, BLOCK), b"") if read else table), is_repeatable=False, media_type=CSV
    )


def _of_path(path: str | os.PathLike[str]) -> Iterator[bytes]:
    with open(path, "rb") as file:
        yield from iter(partial(file.read, BLOCK), b"")


def _blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join parts, which may be lines, to blocks."""
    waiting, size = list[bytes](), 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)
