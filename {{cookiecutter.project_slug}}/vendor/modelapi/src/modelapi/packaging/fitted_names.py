"""The columns that an estimator was fitted on, wherever its library keeps their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import Pipeline


def feature_names(model: Any, columns: Sequence[str]) -> list[str] | None:
    """List those of the columns that an estimator was fitted on, or None if that was a bare array.

    A name that is not among the columns is left as the estimator has it.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = _read_at_first_step(model, columns) or _read_formula(model, columns) or _names_of_libraries(model)
        if not set(names) & set(columns):  # Libraries make names up for an array.
            return None
    # LightGBM and skl2onnx write names without spaces and other marks.
    own = {re.sub(r"\W", mark, name): name for name in columns for mark in ("_", "")} | {
        name.replace(" ", "_"): name for name in columns
    }
    return [name if name in columns else own.get(name, name) for name in map(str, names)]


def count_features(model: Any) -> int | None:
    """Count the columns that an estimator was fitted on; None if it does not say."""
    return getattr(model, "n_features_in_", 0) or len(_names_of_libraries(model)) or None


def _read_at_first_step(model: Any, columns: Sequence[str]) -> list[str]:
    first = model.steps[0][1] if isinstance(model, Pipeline) else model
    if not isinstance(first, DictVectorizer):
        return []
    keys = {name.partition(first.separator)[0] for name in getattr(first, "feature_names_", [])}
    return [name for name in columns if name in keys]


def _read_formula(model: Any, columns: Sequence[str]) -> list[str]:
    """Find the columns in a formula of statsmodels, as `y ~ age + np.log(size) + Q("net weight")`."""
    formula = getattr(getattr(model, "model", None), "formula", None)
    if not isinstance(formula, str):
        return []
    right = formula.partition("~")[2]
    words = {*re.findall(r"\w+", right), *re.findall(r"Q\([\"'](.*?)[\"']\)", right)}
    return [name for name in columns if name in words]


def _names_of_libraries(model: Any) -> list[str]:
    """Ask as CatBoost, a Booster of LightGBM and the results of statsmodels keep them."""
    named = getattr(model, "feature_name", None)
    names = getattr(model, "feature_names_", None) or (named() if callable(named) else None)
    if names is None:
        names = getattr(getattr(model, "model", None), "exog_names", None)
    return [*map(str, names)] if isinstance(names, list) else []
