"""Columns as the DataFrame, or the bare array, that an estimator was fitted on; needs pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from modelapi.records.columns import Columns, expand

if TYPE_CHECKING:
    from modelapi.signature import Feature, Taken

GAPS = {"nan": np.nan, "none": None}


def to_frame(columns: Columns, features: Iterable[Feature]) -> pd.DataFrame:
    """Give the columns the dtypes that they had in training; a date becomes its parts."""
    features = list(features)
    known = {feature.name: feature for feature in features}
    arrays = {
        name: _array(values, known[name]) if name in known else values
        for name, values in expand(columns, features).items()
    }
    return pd.DataFrame(arrays, copy=False)


def as_taken(frame: pd.DataFrame, takes: Taken | None) -> Any:
    """Give an estimator the columns as it was fitted on them."""
    if takes == "series":
        return frame.iloc[:, 0]
    if takes == "dicts":  # What is missing has no key.
        rows = zip(*(frame[name].tolist() for name in frame.columns), strict=True)
        return [
            {name: value for name, value in zip(frame.columns, row, strict=True) if not pd.isna(value)} for row in rows
        ]
    return frame if takes == "frame" else bare(frame)


def bare(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Return the columns in order as an array: float64, or objects if there is text."""
    numbers = all(dtype.kind in "biuf" for dtype in frame.dtypes)
    return frame.to_numpy(dtype=np.float64 if numbers else object)


def _array(values: np.ndarray[Any, Any], feature: Feature) -> Any:
    # Without a detour over a Series, which takes as long for one row as an estimator for ten.
    dtype: Any = feature.dtype
    if dtype == "category":
        return pd.Categorical(values, categories=feature.categories)
    if dtype == "object":  # As a Series, for a DataFrame would make text of an array of such.
        return pd.Series(_objects(values, feature), dtype=object)
    if values.dtype.kind == "f" and dtype.islower():  # A dtype of NumPy's; those of pandas are Int64, Float64.
        return _cast(values, np.dtype(dtype))
    if values.dtype == object:  # pandas and the imputers of scikit-learn expect NaN.
        return pd.array(np.where(pd.isna(values), np.nan, values), dtype=dtype)
    series: pd.Series[Any] = pd.Series(values)
    if dtype.startswith("datetime64") and "," in dtype:  # With a time zone.
        series = series.dt.tz_localize("UTC")
    return series.astype(dtype).array


def _cast(values: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Cast numbers, but none that does not fit: 300 as int8 would be 44."""
    if dtype.kind in "iu" and dtype.itemsize < 8 and len(values):
        most = np.iinfo(dtype)
        if values.min() < most.min or values.max() > most.max:
            return values.astype(np.int64)
    with np.errstate(over="ignore"):
        return values.astype(dtype)


def _objects(values: np.ndarray[Any, Any], feature: Feature) -> list[Any]:
    cells = values.tolist()
    if feature.type == "integer":  # The columns hold these as float64.
        cells = [int(cell) if cell == cell else None for cell in cells]
    gap = GAPS[feature.gap]
    return [gap if cell is None or cell != cell else cell for cell in cells]
