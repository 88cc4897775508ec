"""What is sent: records in JSON, as many at a time as the API takes, and tables in blocks."""

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import IO, Any

from .transport import BLOCK, Body

CSV = "text/csv"
JSON = "application/json"
Source = str | os.PathLike[str] | bytes | bytearray | IO[bytes] | IO[str] | Iterable[bytes | str]
"""A table in CSV: the path of a file, the bytes of a table, a file that is open, or parts of a table.

Only a path and bytes can be sent again. Text is sent as UTF-8.
"""


def write_record(record: Mapping[str, Any], number: int = 0) -> bytes:
    """Write a record in JSON: null for NaN, dates as ISO 8601 has them.

    number : which record it is, for errors. Raises TypeError, ValueError for infinity.
    """
    if not isinstance(record, Mapping):
        raise TypeError(f"record {number} is of type {type(record).__name__}: a record is a dict of features by name")
    plain = {}
    for name, value in record.items():
        try:
            plain[name] = _plain(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f'record {number}, feature "{name}": {error}') from None
    return json.dumps(plain, separators=(",", ":")).encode()


def _plain(value: Any) -> str | float | None:
    """Return a value as JSON has it; a scalar of NumPy becomes one of Python."""
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float | date) and value != value:  # NaN, and NaT of pandas.
        return None
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, float):
        raise TypeError(f"it takes no value of type {type(value).__name__}: send None where one is missing")
    if math.isinf(value):
        raise ValueError("JSON has no infinity: send None where a value is missing")
    return value


def check_records(records: object) -> None:
    """Raise TypeError for what is neither a record nor several, and for a DataFrame, whose iterator yields names."""
    if hasattr(records, "columns"):
        call = "to_dicts()" if hasattr(records, "to_dicts") else 'to_dict("records")'
        raise TypeError(f"a {type(records).__name__}: send df.{call}")
    if isinstance(records, str | bytes) or not isinstance(records, Iterable):
        name = type(records).__name__
        raise TypeError(f"predict takes a record, a dict of features by name, or a list of them, and not {name}")


def of_bytes(content: bytes) -> Body:
    """Send JSON."""
    return Body(lambda: content, is_repeatable=True, media_type=JSON)


def batches(records: Iterable[Mapping[str, Any]], max_rows: int, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Write records in lists under both limits, and before each say how many records came before."""
    start, rows, size = 0, list[bytes](), 1
    for record in records:
        row = write_record(record, start + len(rows))
        if rows and (len(rows) == max_rows or size + len(row) + 1 > max_bytes):
            yield start, b"[" + b",".join(rows) + b"]"
            start, rows, size = start + len(rows), [], 1
        rows.append(row)
        size += len(row) + 1
    if rows or not start:  # Without any record it is for the API to say so.
        yield start, b"[" + b",".join(rows) + b"]"


def of_table(table: Source) -> Body:
    """Send a table in CSV. Raises TypeError, ValueError."""
    if isinstance(table, bytes | bytearray):
        return Body(lambda: bytes(table), is_repeatable=True, media_type=CSV)
    if isinstance(table, str | os.PathLike):
        if isinstance(table, str) and "\n" in table:
            raise ValueError("a str is the path of a table: send the table itself as bytes, by its .encode()")
        return Body(lambda: _of_path(table), is_repeatable=True, media_type=CSV)
    if hasattr(table, "to_csv"):
        raise TypeError(f"a {type(table).__name__}: send df.to_csv(index=False).encode()")
    if not hasattr(table, "read") and not isinstance(table, Iterable):
        raise TypeError(f"a table is a path, bytes, a file or parts of a table, and not {type(table).__name__}")
    return Body(lambda: _blocks(_parts(table)), is_repeatable=False, media_type=CSV)


def _of_path(path: str | os.PathLike[str]) -> Iterator[bytes]:
    with open(path, "rb") as file:
        yield from _blocks(_parts(file))


def _parts(table: IO[bytes] | IO[str] | Iterable[bytes | str]) -> Iterable[bytes | str]:
    """Take a file, of bytes or of text, in parts."""
    read = getattr(table, "read", None)
    return iter(lambda: read(BLOCK) or None, None) if read else table


def _blocks(parts: Iterable[bytes | str]) -> Iterator[bytes]:
    """Join parts, which may be lines, to blocks."""
    waiting, size = list[bytes](), 0
    for part in parts:
        if not isinstance(part, bytes | bytearray | str):
            raise TypeError(f"a part of a table is bytes or str, and not {type(part).__name__}")
        block = part.encode() if isinstance(part, str) else part
        waiting.append(block)
        size += len(block)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)
