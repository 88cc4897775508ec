"""The categories that the encoders of a fitted estimator know, and the columns that its vectorizers read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags

from modelapi.signature import Label


def encoded_categories(estimator: Any, names: Sequence[str]) -> dict[str, list[Label]]:
    """List the categories by column, for the columns that go to an encoder as they are or imputed.

    names : the columns that the estimator was fitted on, in order.
    """
    return {
        name: [label for label in categories.tolist() if not pd.isna(label)]
        for name, categories in _walk(estimator, list(names))
    }


def vectorized_columns(estimator: Any, names: Sequence[str]) -> list[str]:
    """List the columns that go to a vectorizer of text, whose values are free.

    names : the columns that the estimator was fitted on, in order; a single one if that was a Series.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline):
        return vectorized_columns(estimator.steps[0][1], names)
    if isinstance(estimator, ColumnTransformer):
        parts = getattr(estimator, "transformers_", [])
        return [name for _, part, columns in parts for name in vectorized_columns(part, _names(columns, list(names)))]
    return list(names) if len(names) == 1 and reads_texts(estimator) else []


def reads_texts(estimator: Any) -> bool:
    """Tell whether an estimator is fitted on texts one by one, as a vectorizer is, and not on rows of columns."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline | FeatureUnion):
        return reads_texts((estimator.steps if isinstance(estimator, Pipeline) else estimator.transformer_list)[0][1])
    if not isinstance(estimator, BaseEstimator):
        return False
    tags = get_tags(estimator).input_tags
    return tags.string and not tags.two_d_array


def _walk(estimator: Any, names: list[str]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _walk(step, names)
            if not isinstance(step, SimpleImputer):  # Whatever comes next has other columns.
                return
    elif isinstance(estimator, ColumnTransformer):
        for _, step, columns in getattr(estimator, "transformers_", []):  # None if it is not fitted.
            yield from _walk(step, _names(columns, names))
    else:
        categories = getattr(estimator, "categories_", None)
        if isinstance(categories, list) and len(categories) == len(names):
            yield from zip(names, categories, strict=True)


def _names(columns: Any, names: list[str]) -> list[str]:
    """Name the columns that a ColumnTransformer selects by name, place, slice or mask."""
    if isinstance(columns, str):
        return [columns]
    if isinstance(columns, int | np.integer):
        return [names[columns]]
    if isinstance(columns, slice):
        frame = pd.DataFrame(columns=names)
        text = isinstance(columns.start, str) or isinstance(columns.stop, str)
        return list((frame.loc[:, columns] if text else frame.iloc[:, columns]).columns)
    chosen = list(columns)
    if chosen and isinstance(chosen[0], bool | np.bool_):
        return [name for name, keep in zip(names, chosen, strict=True) if keep]
    return [column if isinstance(column, str) else names[column] for column in chosen]
