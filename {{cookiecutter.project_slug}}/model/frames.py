"""Columns as the DataFrame that an estimator was fitted on; needs pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.columns import Columns, expand

if TYPE_CHECKING:
    from model.signature import Feature


def to_frame(columns: Columns, features: Iterable[Feature]) -> pd.DataFrame:
    """Give the columns the dtypes that they had in training; a date becomes its parts."""
    features = list(features)
    known = {feature.name: feature for feature in features}
    return pd.DataFrame(
        {
            name: _series(values, known[name]) if name in known else values
            for name, values in expand(columns, features).items()
        }
    )


def _series(values: np.ndarray[Any, Any], feature: Feature) -> pd.Series[Any]:
    if feature.dtype == "category":
        return pd.Series(pd.Categorical(values, categories=feature.categories))
    if values.dtype == object:  # pandas and the imputers of scikit-learn expect NaN.
        values = np.where(pd.isna(values), np.nan, values)
    series: pd.Series[Any] = pd.Series(values)
    if feature.dtype.startswith("datetime64") and "," in feature.dtype:  # With a time zone.
        series = series.dt.tz_localize("UTC")
    dtype: Any = feature.dtype
    return series.astype(dtype)
