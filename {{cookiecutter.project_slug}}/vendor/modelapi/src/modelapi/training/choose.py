"""Which columns of a table become features, of which types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from modelapi.signature import SAFE_NUMBER, Feature, FeatureType, Label
from modelapi.training.dates import parts_of
from modelapi.training.dialect import TableError
from modelapi.training.features import read_features
from modelapi.training.identifiers import identifier
from modelapi.training.texts import MIN_WORDS_UNASKED, is_written, mostly_differs
from modelapi.training.values import Values

MIN_LEAK_ROWS = 50  # Rows from which on a column that follows from the target does so by more than chance.
MIN_ROWS_A_VALUE = 5
NOTHING_LEFT = "no column is left to predict from: name those to keep in FEATURES"


def refuse_infinity(X: pd.DataFrame) -> None:
    """Raise TableError naming a column with infinity, or with what is as large for a float32."""
    for name in X.columns:
        if types.is_float_dtype(X[name]):
            sizes = np.abs(X[name].to_numpy("float64", na_value=np.nan))
            if (sizes > SAFE_NUMBER).any():
                what = "infinity" if np.isinf(sizes).any() else f"numbers over {SAFE_NUMBER:g} in size"
                raise TableError(f"column {name} holds {what}: replace it, or leave the column out")


def without_useless(X: pd.DataFrame, y: pd.DataFrame, unclear: Mapping[str, str]) -> pd.DataFrame:
    """Leave out the columns of which no model can learn, and say each. Raises TableError if none is left.

    unclear : why columns cannot be read before something is told, by name.
    """
    objections = {name: unclear.get(name) or objection(X[name]) or _leak(X[name], y) for name in X.columns}
    for name, reason in objections.items():
        if reason:
            remedy = "" if name in unclear else " (name it in FEATURES to keep it)"
            print(f"Left out {name or 'the first column'}: {reason}{remedy}")
    kept = [name for name in X.columns if not objections[name]]
    if not kept:
        raise TableError(NOTHING_LEFT)
    return X[kept]


def objection(values: pd.Series[Any]) -> str | None:
    """Say why a column is no feature, or None if it may be one. A measurement may differ in every row."""
    known = values.dropna()
    if known.empty:
        return "it holds no value"
    if values.dtype == object:
        return f"it holds values of type {type(known.iloc[0]).__name__}, which a request cannot"
    different = known.nunique()
    if different == 1 and not (values.dtype == "string" and len(known) < len(values)):  # A gap tells as much as text.
        return "it has one value only"
    if values.dtype == "string" and mostly_differs(different, len(known)):
        if is_written(known, MIN_WORDS_UNASKED):
            return None  # It is tried.
        return f"{different} of its {len(known)} texts differ, as in a name or an identifier"
    return identifier(values)


def describe(X: pd.DataFrame, read: Mapping[str, Values]) -> list[Feature]:
    """Read the features off the columns; each gets the dtype of the column that the estimator is fitted on.

    read : the columns of all rows: what is missing in one without a target may be missing in requests.
    """
    flags: dict[str, Sequence[Label]] = {
        name: [0, 1] for name in X.columns if types.is_integer_dtype(X[name]) and set(X[name].dropna()) == {0, 1}
    }
    dates = {name: parts_of(X[name], X.columns) for name in X.columns if types.is_datetime64_any_dtype(X[name])}
    found = {name: read[name].dates for name in X.columns}
    formats = {name: dates.format for name, dates in found.items() if dates and dates.format}
    features = []
    for feature in read_features(X, encoded=flags, formats=formats, parts=dates):
        own = read[feature.name]
        nullable = bool(own.values.isna().any())
        fill = "" if feature.type == "text" else None  # A vectorizer takes no gaps.
        written = {"nullable": nullable, "notation": own.notation, "gaps": list(own.gaps), "fill": fill}
        features.append(feature.model_copy(update=written | {"dtype": _dtype(feature.type, nullable)}))
    return features


def _dtype(kind: FeatureType, nullable: bool) -> str:
    """Booleans are numbers, which imputers and scalers take; integers with gaps are floats."""
    if kind == "integer" and not nullable:
        return "int64"
    return {"string": "str", "text": "str", "datetime": "datetime64[us]"}.get(kind, "float64")


def _leak(values: pd.Series[Any], y: pd.DataFrame) -> str | None:
    """Say which target follows exactly from a column, or from where it is missing."""
    for name, target in y.items():
        for keys, what in ((values, "each of its values stands for one value of"), (values.isna(), "its gaps give")):
            count = keys.nunique(dropna=False)
            if len(y) < MIN_LEAK_ROWS or not 1 < count <= len(y) / MIN_ROWS_A_VALUE:
                continue
            if target.groupby(keys, dropna=False).nunique().max() == 1:
                return f"{what} {name}, which leaks the answer"
        if types.is_any_real_numeric_dtype(values) and types.is_any_real_numeric_dtype(target):
            both = pd.DataFrame({"x": values, "y": target}).dropna().to_numpy("float64")
            if len(both) > 2 and (np.ptp(both, axis=0) > 0).all() and abs(np.corrcoef(both.T)[0, 1]) > 1 - 1e-10:
                return f"it is {name} in another unit, which leaks the answer"
    return None
