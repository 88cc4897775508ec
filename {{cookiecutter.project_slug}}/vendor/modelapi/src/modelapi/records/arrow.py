"""Record batches of Arrow: typed by the signature, a column at a time and without an object for each value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from modelapi.records import tables
from modelapi.records.columns import DTYPES, Array, Columns, column, narrowed
from modelapi.records.faults import FaultLog, MalformedRecords, Policy, listed, missing, wrong
from modelapi.records.headers import header_faults
from modelapi.records.moments import MAX_YEAR, MIN_YEAR, read_date_of
from modelapi.signature import SAFE_INTEGER, SAFE_NUMBER, Feature

is_of = pa.types
BATCH_CELLS = 1_000_000
NO_VALUE = "must be a column of single values: numbers, booleans, strings, dates or categories of these"


class ArrowParser:
    """Turn record batches of a schema into columns."""

    def __init__(
        self,
        features: Sequence[Feature],
        schema: Any,
        *,
        unknown_categories: Policy = "refuse",
        unknown_fields: Policy = "ignore",
        max_faults: int | None = None,
    ) -> None:
        """Raise RecordsError if the schema does not fit, with pointers of the form `/column`."""
        names = [feature.name for feature in features]
        if not set(schema.names) & set(names):
            raise MalformedRecords(f"no column is a feature of this model: {listed(names)}")
        log = header_faults(
            schema.names,
            features,
            unknown_categories=unknown_categories,
            unknown_fields=unknown_fields,
            max_faults=max_faults,
        )
        for place, name in enumerate(schema.names):
            if name in names and not holds_values(schema.types[place]):
                log.add((name,), NO_VALUE)
        log.raise_if_any()
        self.names = [name for name in names if name in schema.names]
        """Of the columns that are read."""
        self._features = features
        self._policy = unknown_categories
        self._max_faults = max_faults

    def parse(self, batch: Any, start: int = 0) -> Columns:
        """Read a batch, whose first row is row `start`. Raises RecordsError."""
        log = FaultLog(self._max_faults)
        columns: Columns = {}
        for feature in self._features:
            if feature.name not in self.names:
                columns[feature.name] = column(feature, [None] * len(batch))
                continue
            read = _read(feature, batch.column(feature.name), feature.refuses_unknown(self._policy))
            if read.wrong.any():
                self._note(log, start, read.wrong, feature.name, wrong(feature, self._policy))
            if not feature.nullable and (absent := _is_missing(read.values) & ~read.wrong).any():
                self._note(log, start, absent, feature.name, missing(feature, self._policy, "null"))
            columns[feature.name] = _finished(feature, read.values)
        log.faults.sort(key=lambda fault: fault.location[0])
        log.raise_if_any()
        return columns

    def _note(self, log: FaultLog, start: int, places: Array, name: str, complaint: Sequence[str]) -> None:
        for row in np.flatnonzero(places).tolist():
            log.add((start + row, name), *complaint)


def holds_values(kind: Any) -> bool:
    """Tell whether each value of a column of this type is one value, or can be looked at as one."""
    if is_of.is_dictionary(kind):
        return holds_values(kind.value_type)
    return is_text(kind) or (is_of.is_primitive(kind) or is_of.is_decimal(kind) or is_of.is_null(kind))


def is_text(kind: Any) -> bool:
    """Tell whether a column of this type holds texts."""
    return bool(is_of.is_string(kind) or is_of.is_large_string(kind) or is_of.is_string_view(kind))


def batch_rows(n_columns: int) -> int:
    """Say how many rows of so many columns are worked on at a time."""
    return max(1, min(tables.BATCH_ROWS, BATCH_CELLS // max(1, n_columns)))


class _Values(NamedTuple):
    """The values of a column, and which of them are wrong; these are missing, too, or whatever they are."""

    values: Array
    wrong: Array


def _read(feature: Feature, array: Any, is_closed: bool) -> _Values:
    """Read a column of a type that holds values."""
    kind = array.type.value_type if is_of.is_dictionary(array.type) else array.type
    if feature.type in ("number", "integer") and (
        is_of.is_integer(kind) or is_of.is_floating(kind) or is_of.is_decimal(kind)
    ):
        return _read_numbers(feature, _decoded(array), is_closed)
    if feature.type == "boolean" and is_of.is_boolean(kind):
        values = _decoded(array).to_numpy(zero_copy_only=False).astype(object)
        return _Values(values, np.zeros(len(values), bool))
    if feature.type == "datetime" and (is_of.is_timestamp(kind) or is_of.is_date(kind)):
        return _read_moments(_decoded(array).to_numpy(zero_copy_only=False))
    # Training takes integers that JSON cannot hold for text.
    is_named = feature.type in ("string", "text") and is_of.is_integer(kind)
    if is_named or (is_text(kind) and feature.type in ("string", "text", "datetime")):
        return _read_names(feature, _decoded(array).cast(pa.string()) if is_named else array, is_closed)
    return _Values(column(feature, [None] * len(array)), ~_is_gap(array))


def _read_numbers(feature: Feature, array: Any, is_closed: bool) -> _Values:
    values = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).copy()
    there = ~np.isnan(values)
    if feature.type == "integer":
        bad = (np.abs(values) > SAFE_INTEGER) | (np.trunc(values) != values)
    else:
        bad = np.abs(values) > SAFE_NUMBER
    if is_closed:
        bad |= ~np.isin(values, np.array(feature.categories, dtype=np.float64))
    return _Values(values, bad & there)


def _read_moments(moments: Array) -> _Values:
    first, behind = (np.datetime64(str(year), "Y").astype(moments.dtype) for year in (MIN_YEAR, MAX_YEAR + 1))
    bad = ~np.isnat(moments) & ((moments < first) | (moments >= behind))
    return _Values(np.where(bad, first, moments).astype(DTYPES["datetime"]), bad)


def _read_names(feature: Feature, array: Any, is_closed: bool) -> _Values:
    """Read each text that occurs once."""
    coded = array if is_of.is_dictionary(array.type) else array.dictionary_encode()
    codes, names = coded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False), coded.dictionary
    if len(names) > len(codes):  # Of a whole file, perhaps.
        used, codes = np.unique(codes, return_inverse=True)
        names = names.take(pa.array(used, mask=used < 0))
    read, found, bad = _reader(feature, is_closed), list[Any](), list[bool]()
    for name in names.to_pylist():
        try:
            found.append(None if name is None else read(name))
            bad.append(False)
        except (ValueError, LookupError):
            found.append(None)
            bad.append(True)
    # The last of each stands for a null, whose code is -1.
    return _Values(np.array([*found, None], DTYPES[feature.type])[codes], np.array([*bad, False])[codes])


def _reader(feature: Feature, is_closed: bool) -> Callable[[str], Any]:
    if feature.type == "datetime":
        return read_date_of(feature)
    if is_closed:
        return {category: category for category in feature.categories or []}.__getitem__

    def read(text: str) -> str:
        if feature.max_length is not None and len(text) > feature.max_length:
            raise ValueError
        return text

    return read


def _finished(feature: Feature, values: Array) -> Array:
    """Fill gaps, and round, as column() does."""
    if feature.fill is not None:
        values[_is_missing(values)] = feature.fill
    return narrowed(feature, values)


def _is_missing(values: Array) -> Array:
    if values.dtype.kind == "O":
        return np.array([value is None for value in values], dtype=bool)
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def _is_gap(array: Any) -> Array:
    """Tell which values are null or NaN, as a column of which no value is known can hold, whatever its type."""
    gaps: Array = array.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return gaps


def _decoded(array: Any) -> Any:
    return array.dictionary_decode() if is_of.is_dictionary(array.type) else array
