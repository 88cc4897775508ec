"""Tensors of the Open Inference Protocol: values in JSON or, by its extension, in bytes behind the JSON.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol/binary-tensor-data-extension
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from modelapi.records.cells import MISSING
from modelapi.records.columns import Array
from modelapi.serving.answers import Problem
from modelapi.signature import Feature

BYTES = "BYTES"
DTYPES = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
OF_TYPES = {bool: "BOOL", int: "INT64", float: "FP64", str: BYTES}
GAPS = MISSING | {"NaT"}  # Clients make texts of None and NaN, for BYTES have no gaps.
LENGTH = 4  # Bytes before each element of BYTES, which say how many it has.

EXPECTED = 'must be an object with "name" and "datatype", both strings, and "shape", which is [n] or [n, columns]'
KNOWN = f"datatype must be one of {', '.join([*DTYPES, BYTES])}"
UNLIKE_SHAPE = "the shape must tell the number of values: send as many, in one list or in a list for each row"
UNLIKE_SIZE = "binary_data_size must tell the bytes of all values of the shape, behind those of the inputs before it"
UNREADABLE = "each value must be text in UTF-8 behind its length in four bytes, little endian"


@dataclass(frozen=True, slots=True)
class Tensor:
    """The values of an input, row by row; None where they are missing."""

    name: str
    datatype: str
    n_rows: int
    width: int
    """The number of columns."""
    values: Sequence[Any]

    def column(self, place: int, feature: Feature) -> Sequence[Any]:
        """Return a column as values of a feature; arrays of one dtype have others: 0 and 1, or texts of None."""
        values = self.values[place :: self.width]
        if feature.type == "boolean":
            return [bool(value) if value in (0, 1) else value for value in values]
        if self.datatype == "BOOL" and feature.type in ("number", "integer"):
            return [int(value) if isinstance(value, bool) else value for value in values]
        if feature.nullable and feature.type in ("string", "datetime"):
            absent = GAPS.difference(feature.categories or [])
            return [None if isinstance(value, str) and value in absent else value for value in values]
        return values


def read_tensors(inputs: Any, behind: bytes | memoryview) -> list[Tensor]:
    """Read the inputs of a request, and the bytes behind its JSON. Raises a 400 Problem."""
    if not isinstance(inputs, list) or not inputs:
        raise Problem(400, 'send an object with "inputs", a list of tensors')
    tensors = []
    for place, given in enumerate(inputs):
        try:
            tensor, behind = _read(given, behind)
        except ValueError as error:
            raise Problem(400, f"/inputs/{place}: {error}") from None
        tensors.append(tensor)
    if len(behind):
        raise Problem(400, "there are more bytes behind the JSON than binary_data_size of all inputs tells")
    return tensors


def _read(given: Any, behind: bytes | memoryview) -> tuple[Tensor, bytes | memoryview]:
    """Read an input, and return what is left of the bytes. Raises ValueError with a sentence."""
    match given:
        case {"name": str(name), "datatype": str(datatype), "shape": [int(n_rows)] | [int(n_rows), int()] as shape}:
            if min(shape) < 1 or bool in map(type, shape):
                raise ValueError("the shape must have whole numbers of at least 1")
        case _:
            raise ValueError(EXPECTED)
    if datatype not in DTYPES and datatype != BYTES:
        raise ValueError(KNOWN)
    match given:
        case {"data": list(data)}:
            values = _flat(data, shape)
        case {"parameters": {"binary_data_size": int(size)}} if 0 <= size <= len(behind):
            values, behind = _from_bytes(datatype, behind[:size], prod(shape)), behind[size:]
        case {"parameters": {"binary_data_size": _}}:
            raise ValueError(UNLIKE_SIZE)
        case _:
            raise ValueError('"data" must be a list of values')
    return Tensor(name, datatype, n_rows, shape[1] if len(shape) == 2 else 1, values), behind


def _flat(data: list[Any], shape: Sequence[int]) -> list[Any]:
    if isinstance(data[0] if data else None, list) and len(shape) == 2:
        if len(data) != shape[0] or not all(isinstance(row, list) and len(row) == shape[1] for row in data):
            raise ValueError(UNLIKE_SHAPE)
        return list(chain.from_iterable(data))
    if len(data) != prod(shape):
        raise ValueError(UNLIKE_SHAPE)
    return data


def _from_bytes(datatype: str, raw: bytes | memoryview, count: int) -> list[Any]:
    if datatype == BYTES:
        return list(_texts(raw, count))
    dtype = np.dtype(DTYPES[datatype])
    if len(raw) != count * dtype.itemsize:
        raise ValueError(UNLIKE_SIZE)
    values = np.frombuffer(raw, dtype)
    return _decimals(values) if values.dtype.kind == "f" else values.tolist()


def _decimals(values: Array) -> list[float | None]:
    """Read numbers as they are written in decimals, 0.1 and not the float32 next to it; NaN is None."""
    numbers: list[float | None] = values.tolist() if values.itemsize == 8 else [float(str(value)) for value in values]
    return [None if number != number else number for number in numbers] if np.isnan(values).any() else numbers


def _texts(raw: bytes | memoryview, count: int) -> list[str]:
    found: list[str] = []
    place = 0
    try:
        while place < len(raw):
            start = place + LENGTH
            place = start + int.from_bytes(raw[start - LENGTH : start], "little")
            if place > len(raw) or len(found) == count:
                raise ValueError
            found.append(str(raw[start:place], "utf-8"))
    except ValueError:
        raise ValueError(UNREADABLE) from None
    if len(found) != count:
        raise ValueError(UNLIKE_SHAPE)
    return found


def datatype_of(values: Sequence[Any]) -> str:
    """Tell the datatype of what is answered. Raises TypeError or LookupError if it is not all of one."""
    kinds = {*map(type, values)}
    if kinds == {int, float}:
        return "FP64"
    (kind,) = kinds
    return OF_TYPES[kind]


def to_bytes(datatype: str, values: Sequence[Any]) -> bytes:
    """Write values as the extension does."""
    if datatype != BYTES:
        return np.array(values, DTYPES[datatype]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(part for text in texts for part in (len(text).to_bytes(LENGTH, "little"), text))
