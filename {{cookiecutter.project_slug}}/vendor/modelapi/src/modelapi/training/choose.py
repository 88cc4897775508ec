"""Which columns of a table become features, of which types."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from modelapi.signature import Feature, Label
from modelapi.training.dates import parts_of, read_dates
from modelapi.training.dialect import TableError
from modelapi.training.features import read_features
from modelapi.training.texts import mostly_differs

ID_NAME = re.compile(r"(?i:(.*[_\W])?([pu]?id(no|num|entifier)?|[ug]uid|key|index|row ?names?))|.*[a-z]I[dD]")
MIN_IDS = 20  # Different numbers, from which on a column called id is taken for one,
MIN_LEAK_ROWS = 50  # and rows from which on a column that follows from the target does so by more than chance.
MIN_ROWS_A_VALUE = 5
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


def read_columns(table: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Take columns, with their dates read; also answers the formats of dates that are not as in ISO 8601.

    Raises TableError naming a column with infinity or decimal commas.
    """
    X, formats = table[names].copy(), {}
    for name in names:
        if X[name].dtype == "string":
            if read := read_dates(X[name]):
                X[name], form = read
                if form:
                    formats[name] = form
                    print(f"Read {name} as dates written {form}")
            elif _share(X[name], DECIMAL_COMMA.fullmatch) > 0.1 and _share(X[name], _is_european) == 1:
                raise TableError(
                    f"column {name} has decimal commas: save its numbers with decimal points, or name it in DROP"
                )
        elif types.is_float_dtype(X[name]) and np.isinf(X[name].to_numpy("float64", na_value=np.nan)).any():
            raise TableError(f"column {name} holds infinity: replace it, or leave the column out")
    return X, formats


def without_useless(X: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns of which no model can learn, and say each. Raises TableError if none is left."""
    objections = {name: objection(X[name]) or _leak(X[name], y) for name in X.columns}
    for name, reason in objections.items():
        if reason:
            print(f"Left out {name or repr(name)}: {reason} (name it in FEATURES to keep it)")
    kept = [name for name in X.columns if not objections[name]]
    if not kept:
        raise TableError("no column is left to predict from: name those to keep in FEATURES")
    return X[kept]


def objection(values: pd.Series[Any]) -> str | None:
    """Say why a column is no feature, or None if it may be one. A measurement may differ in every row."""
    known = values.dropna()
    if known.empty:
        return "it holds no value"
    if values.dtype == object:
        return f"it holds values of type {type(known.iloc[0]).__name__}, which a request cannot"
    different = known.nunique()
    if different == 1:
        return "it has one value only"
    if values.dtype == "string" and mostly_differs(different, len(known)):
        odd = known[pd.to_numeric(known, errors="coerce").isna()]
        if len(odd) < 0.1 * len(known):
            return f"it holds numbers but for {len(odd)} cells such as {odd.iloc[0]!r}, which should be empty"
        return f"{different} of its {len(known)} texts differ, as in an identifier or free text"
    if types.is_integer_dtype(values):
        low, high = int(known.min()), int(known.max())
        consecutive = different == len(values) == high - low + 1 and not 1000 <= low <= high <= 2200  # Years.
        if consecutive or (different > MIN_IDS and ID_NAME.fullmatch(str(values.name))):
            return f"its {different} different numbers look like an identifier"
    return None


def describe(X: pd.DataFrame, formats: dict[str, str], gaps: Collection[str]) -> list[Feature]:
    """Read the features off the columns; each gets the dtype of the column that the estimator is fitted on.

    gaps : names of columns that may have missing values, even if they have none in these rows.
    """
    flags: dict[str, Sequence[Label]] = {
        name: [0, 1] for name in X.columns if types.is_integer_dtype(X[name]) and set(X[name].dropna()) == {0, 1}
    }
    dates = {name: parts_of(X[name], X.columns) for name in X.columns if types.is_datetime64_any_dtype(X[name])}
    features = read_features(X, encoded=flags, formats=formats, parts=dates)
    features = [feature.model_copy(update={"nullable": feature.name in gaps}) for feature in features]
    return [feature.model_copy(update={"dtype": _dtype(feature)}) for feature in features]


def _dtype(feature: Feature) -> str:
    """Booleans are numbers, which imputers and scalers take; integers with gaps are floats."""
    if feature.type == "integer" and not feature.nullable:
        return "int64"
    return {"string": "str", "text": "str", "datetime": "datetime64[us]"}.get(feature.type, "float64")


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


def _share(values: pd.Series[Any], test: Any) -> float:
    known = values.dropna()
    return sum(bool(test(text)) for text in known) / max(1, len(known))


def _is_european(text: str) -> bool:
    return bool(DECIMAL_COMMA.fullmatch(text)) or text.lstrip("+-").isdigit()
