"""Make the background of explanations, against which a record is explained, of the rows that are packaged.

It holds no row: each column is summarised by itself, by values at even steps of its order, rounded, and then shuffled,
so that values that stand side by side are of different rows. Of text, and of what clients may not see, there is but the
example.
"""

from __future__ import annotations

from math import floor, log10
from typing import Any

import numpy as np

from modelapi.engines import Engine
from modelapi.explanation import can_explain, numbers, wanted
from modelapi.package.background import MAX_ROWS, Background
from modelapi.records.columns import Columns, n_rows
from modelapi.signature import Feature, Signature

MIN_ROWS = 20  # Of fewer, there is but the example, for each value would tell much of its row.
SHARED = 5  # Rows with a value, from which on it tells nobody and need not be rounded.
STEPS = 100  # Between the fifth and the ninety-fifth percentile, to which other numbers are rounded.
DAY = 86_400_000_000  # Microseconds.

Array = np.ndarray[Any, Any]


def find_background(engine: Engine, columns: Columns, signature: Signature) -> Background | None:
    """Make the background for a model; None if it answers nothing that can be explained, or not for such rows."""
    if not can_explain(signature):
        return None
    background = summarise(columns, signature)
    try:
        said = numbers(engine.predict(background.read(signature.features), wanted(signature)), signature)
    except Exception:  # Of whatever library runs it.
        return None
    return background if np.isfinite(said).all() else None


def summarise(columns: Columns, signature: Signature) -> Background:
    """Summarise rows, columns each of shape (n,)."""
    size = min(MAX_ROWS, n_rows(columns))
    if n_rows(columns) < MIN_ROWS:
        return Background(columns={name: [value] for name, value in signature.example().items()})
    rng = np.random.default_rng(0)
    summary: dict[str, list[Any]] = {}
    for feature in signature.features:
        values = _values(feature, columns[feature.name], size)
        summary[feature.name] = [values[place] for place in rng.permutation(size)]
    return Background(columns=summary)


def _values(feature: Feature, column: Array, size: int) -> list[Any]:
    """List so many values of a column, in their order; gaps are as frequent as in it."""
    known = column[[value is not None and value == value for value in column.tolist()]]
    n_known = round(size * len(known) / len(column))
    gaps = [None] * (size - n_known)
    if feature.type == "text" or not feature.listed:
        return [feature.example] * n_known + gaps
    known = np.sort(known)
    values = known[((np.arange(n_known) + 0.5) * len(known) / max(n_known, 1)).astype(int)]
    if feature.type == "datetime":
        days = _round(values.astype(np.int64) / DAY, known.astype(np.int64) / DAY)
        return [*np.datetime_as_string((days * DAY).astype("datetime64[us]"), unit="s").tolist(), *gaps]
    if feature.type in ("number", "integer") and feature.categories is None:
        values = _round(values, known, whole=feature.type == "integer")
    return [*(values.astype(int) if feature.type == "integer" else values).tolist(), *gaps]


def _round(values: Array, known: Array, *, whole: bool = False) -> Array:
    """Round those of the sorted numbers of a column, float64, that few rows share, but not beyond its ends."""
    low, high = np.quantile(known, [0.05, 0.95])
    spread = float(high - low or known[-1] - known[0])
    if not spread:
        return values
    digits = -floor(log10(spread / STEPS))
    rounded = np.round(values, min(digits, 0) if whole else digits).clip(known[0], known[-1])
    n_rows_with = np.searchsorted(known, values, "right") - np.searchsorted(known, values, "left")
    return np.where(n_rows_with >= SHARED, values, rounded)
