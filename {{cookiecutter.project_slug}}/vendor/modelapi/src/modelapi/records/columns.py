"""Columns: what goes from the parsers of records to the engines, one array of shape (n_records,) a feature.

Numbers and integers are float64 with NaN where they are missing, dates are datetime64 with NaT, and
booleans, strings and texts are objects with None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from modelapi.signature import Feature

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]

DTYPES: dict[str, np.dtype[Any]] = {
    "number": np.dtype("float64"),
    "integer": np.dtype("float64"),
    "datetime": np.dtype("datetime64[us]"),
    "boolean": np.dtype("object"),
    "string": np.dtype("object"),
    "text": np.dtype("object"),
}
NARROW = {"float16": np.float16, "float32": np.float32, "Float32": np.float32}
# What an estimator, which takes only numbers, gets in place of a date.
PARTS: dict[str, Callable[[Array], Array]] = {
    "elapsed_days": lambda moments: moments.astype(np.int64) / 86_400_000_000,  # Since 1970.
    "year": lambda moments: moments.astype("datetime64[Y]").astype(np.int64) + 1970,
    "month": lambda moments: moments.astype("datetime64[M]").astype(np.int64) % 12 + 1,
    "day": lambda moments: (moments.astype("datetime64[D]") - moments.astype("datetime64[M]")).astype(np.int64) + 1,
    "weekday": lambda moments: (moments.astype("datetime64[D]").astype(np.int64) + 3) % 7,  # Monday is 0.
    "hour": lambda moments: moments.astype("datetime64[h]").astype(np.int64) % 24,
}


def column(feature: Feature, values: Sequence[object]) -> Array:
    """Make the array of a feature from values of its type, None where they are missing."""
    if feature.fill is not None:
        values = [feature.fill if value is None else value for value in values]
    return narrowed(feature, np.array(values, dtype=DTYPES[feature.type]))


def narrowed(feature: Feature, values: Array) -> Array:
    """Round numbers as the column of training did, for its values are written in many ways: 0.1, 0.0999755859375."""
    if feature.dtype not in NARROW or values.dtype.kind != "f":
        return values
    with np.errstate(over="ignore"):
        rounded = values.astype(NARROW[feature.dtype]).astype(np.float64)
    return np.where(np.isinf(rounded), values, rounded)


def columns_of(records: Sequence[Mapping[str, Any]], features: Iterable[Feature]) -> Columns:
    """Make the columns from records that were validated, and have all fields."""
    return {feature.name: column(feature, list(map(itemgetter(feature.name), records))) for feature in features}


def n_rows(columns: Columns) -> int:
    """Count the rows of columns."""
    return len(next(iter(columns.values())))


def expand(columns: Columns, features: Iterable[Feature]) -> Columns:
    """Put the parts of a date, float64 arrays with NaN where it is missing, in its place."""
    expanded = {}
    for feature in features:
        values = columns[feature.name]
        if feature.parts is None:
            expanded[feature.name] = values
            continue
        for part in feature.parts:
            expanded[f"{feature.name}.{part}"] = np.where(np.isnat(values), np.nan, PARTS[part](values))
    return expanded
