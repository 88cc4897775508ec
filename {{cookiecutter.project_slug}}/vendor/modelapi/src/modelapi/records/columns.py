"""Columns: what goes from the parsers of records to the engines, one array of shape (n_records,) a feature.

Numbers and integers are float64 with NaN where they are missing, dates are datetime64 with NaT, and
booleans, strings and texts are objects with None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import numpy as np

from modelapi.signature import Feature

MIN_YEAR, MAX_YEAR = 1678, 2261  # What pandas can hold in nanoseconds, which some estimators were fitted on.

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
    return np.array(values, dtype=DTYPES[feature.type])


def columns_of(records: Sequence[Mapping[str, Any]], features: Iterable[Feature]) -> Columns:
    """Make the columns from records that were validated, and have all fields."""
    return {feature.name: column(feature, list(map(itemgetter(feature.name), records))) for feature in features}


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


def read_date_of(feature: Feature) -> Callable[[str], datetime]:
    """Make the function that reads a date as ISO 8601 writes it, or as the table of training did."""

    def read(text: str) -> datetime:
        try:
            return read_date(text)
        except ValueError:
            if feature.format is None:
                raise
            return read_date(text, feature.format)

    return read


def read_date(text: str, form: str | None = None) -> datetime:
    """Read a date or time, by default as ISO 8601 writes it, as naive UTC. Raises ValueError."""
    moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
    try:
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        raise ValueError from None
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise ValueError
    return moment
