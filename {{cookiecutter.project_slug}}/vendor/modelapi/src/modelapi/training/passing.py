"""Which columns of a table pass the steps of a fitted estimator unchanged, seen from what these make of some rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline


class Passed(NamedTuple):
    """What comes to a part of an estimator.

    X : DataFrame or ndarray of shape (n_samples, n_columns); None if it is not known.
    names : for each column, the one of the table that it is, as it was or imputed; None if it is none.
    """

    X: Any
    names: list[str | None]

    def take(self, chosen: Sequence[int]) -> Passed:
        """Take some of the columns."""
        X = self.X if self.X is None else _columns(self.X, chosen)
        return Passed(X, [self.names[place] for place in chosen] if self.names else [])

    def fed_to(self, part: Any) -> Passed:
        """Find the columns that an estimator inside another was fitted on."""
        own = [*map(str, getattr(part, "feature_names_in_", []))]
        if own and set(own) <= set(self.names):
            return self.take([self.names.index(name) for name in own])
        width = getattr(part, "n_features_in_", len(self.names))
        return self if width == len(self.names) else Passed(None, [])


UNKNOWN = Passed(None, [])


def places(part: ColumnTransformer, columns: Any, given: Passed) -> list[int]:
    """Find the places of the columns that a ColumnTransformer selects by name, place, slice or mask."""
    labels = [*map(str, getattr(part, "feature_names_in_", given.names))]
    numbers: pd.Series[Any] = pd.Series(range(len(labels)), index=labels, dtype=int)
    if isinstance(columns, str | int | np.integer):
        columns = [columns]
    if not isinstance(columns, slice):
        columns = list(columns)
    text = isinstance(columns.start, str) or isinstance(columns.stop, str) if isinstance(columns, slice) else False
    if text or (isinstance(columns, list) and columns and isinstance(columns[0], str)):
        return [*numbers.loc[columns]]
    return [*numbers.iloc[columns]]


def pass_through(step: Any, given: Passed) -> Passed:
    """Let the columns pass a step, and find out which of them it leaves as they are."""
    if step is None or isinstance(step, str) or not hasattr(step, "transform"):
        return given  # What passes all, samples rows, or is the last.
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            given = pass_through(inner, given)
        return given
    X = _transform(step, given.X)
    if len(getattr(X, "shape", ())) != 2 or hasattr(X, "toarray"):
        return UNKNOWN
    if isinstance(step, ColumnTransformer):
        return Passed(X, _through_each(step, given, X.shape[1]))
    return Passed(X, _find_same(given, X))


def _through_each(step: ColumnTransformer, given: Passed, width: int) -> list[str | None]:
    """Follow the columns through the parts of a ColumnTransformer."""
    names: list[str | None] = [None] * width
    for name, inner, columns in step.transformers_:
        target = step.output_indices_.get(name)
        if inner == "drop" or target is None:
            continue
        passed = pass_through(inner, given.take(places(step, columns, given)))
        if len(passed.names) == target.stop - target.start:
            names[target] = passed.names
    return names


def _transform(step: Any, X: Any) -> Any:
    """Let a fitted step transform rows as a frame or as an array; None if it takes neither."""
    for offered in (X, X.to_numpy()) if isinstance(X, pd.DataFrame) else (X,):
        try:
            return step.transform(offered)
        except Exception:  # An own transformer raises what it likes.
            continue
    return None


def _find_same(given: Passed, X: Any) -> list[str | None]:
    """Name the columns that equal one that was given, where that has values: by label, by place or else by content."""
    by_label = dict(zip(map(str, given.X.columns), range(len(given.names)), strict=True)) if _is_frame(given.X) else {}
    contents = {_content(_column(given.X, place)): place for place in reversed(range(len(given.names)))}
    names: list[str | None] = []
    for place in range(X.shape[1]):
        values = _column(X, place)
        candidates = [contents.get(_content(values))]
        if _is_frame(X) and by_label:
            candidates.insert(0, by_label.get(str(X.columns[place])))
        elif X.shape[1] == len(given.names):
            candidates.insert(0, place)
        same = (one for one in candidates if one is not None and _is_same(_column(given.X, one), values))
        found = next(same, None)
        names.append(None if found is None else given.names[found])
    return names


def _is_same(given: Any, values: Any) -> bool:
    known = ~pd.isna(given)
    return bool(known.any() and (given[known] == values[known]).all())


def _content(values: Any) -> tuple[Any, ...]:
    return tuple(None if missing else value for value, missing in zip(values, pd.isna(values), strict=True))


def _is_frame(X: Any) -> bool:
    return isinstance(X, pd.DataFrame)


def _column(X: Any, place: int) -> Any:
    return (X.iloc[:, place] if _is_frame(X) else X[:, place]).__array__(object)


def _columns(X: Any, chosen: Sequence[int]) -> Any:
    return X.iloc[:, chosen] if _is_frame(X) else X[:, chosen]
