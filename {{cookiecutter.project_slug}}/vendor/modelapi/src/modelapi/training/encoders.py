"""What the encoders, imputers and vectorizers of a fitted estimator know of the columns of a table."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from modelapi.records.cells import MISSING
from modelapi.signature import Gap, Label
from modelapi.training.passing import Passed, pass_through, places
from modelapi.training.tags import takes_only_texts

MAX_TRIED = 100  # Rows of the sample, with which it is seen which columns pass a step unchanged.
NOT_FED = ("final_estimator_",)  # It is given predictions, and no columns of the table.


class Encoded(NamedTuple):
    """What is known of a column: its categories if it is encoded, which gaps there may be, and whether it is text."""

    categories: list[Label] | None = None
    gaps: frozenset[Gap] = frozenset()
    is_text: bool = False

    @property
    def holds_texts(self) -> bool:
        """Tell whether a column is one of text, whatever it looks like."""
        return self.is_text or (bool(self.categories) and all(isinstance(one, str) for one in self.categories or []))

    def texts(self) -> Collection[str]:
        """List what is a value in a column of text, and no gap, though it says that something is missing, as NA."""
        if self.is_text:
            return MISSING - {""} if self.gaps else MISSING
        return MISSING.intersection(map(str, self.categories or []))

    def join(self, other: Encoded) -> Encoded:
        """Put together what two parts know."""
        known = [*(self.categories or []), *(other.categories or [])]
        both_none = self.categories is None and other.categories is None
        # What comes after an imputer knows no gap any more.
        categories = None if both_none else list(dict.fromkeys(known))
        return Encoded(categories, self.gaps or other.gaps, self.is_text or other.is_text)


def read_encoders(estimator: Any, X: pd.DataFrame) -> dict[str, Encoded]:
    """Read what is known, however deep in an estimator, of each column that comes to an encoder as it is or imputed.

    X : rows that the estimator was fitted on, by which it is seen which columns pass a step unchanged.
    """
    found: dict[str, Encoded] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, known in _walk(estimator, Passed(X.head(MAX_TRIED), [*X.columns]), set()):
            found[name] = found[name].join(known) if name in found else known
    return found


def reads_texts(estimator: Any) -> bool:
    """Tell whether an estimator is fitted on texts one by one, as a vectorizer is, and not on rows of columns."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline | FeatureUnion):
        return reads_texts((estimator.steps if isinstance(estimator, Pipeline) else estimator.transformer_list)[0][1])
    return isinstance(estimator, BaseEstimator) and takes_only_texts(estimator)


def _walk(part: Any, given: Passed, seen: set[int]) -> Iterator[tuple[str, Encoded]]:
    """Go through a part and those inside it; given : the columns that come to it."""
    if isinstance(part, Pipeline):
        for _, step in part.steps:
            yield from _walk(step, given, seen)
            given = pass_through(step, given)
    elif isinstance(part, ColumnTransformer):
        for _, step, columns in getattr(part, "transformers_", []):  # None if it is not fitted.
            yield from _walk(step, given.take(places(part, columns, given)), seen)
    elif isinstance(part, FeatureUnion):
        for _, step in part.transformer_list:
            yield from _walk(step, given, seen)
    elif id(part) not in seen and hasattr(part, "__dict__"):
        seen.add(id(part))
        yield from _knowledge(part, given.names)
        for name, value in vars(part).items():
            for inner in _parts(value) if name not in NOT_FED else []:
                yield from _walk(inner, given.fed_to(inner), seen)


def _parts(value: Any) -> Iterator[Any]:
    """Find the parts that an attribute of an estimator holds."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        for one in value:
            yield from _parts(one)
    elif hasattr(value, "__dict__") and (hasattr(type(value), "fit") or hasattr(type(value), "predict_proba")):
        yield value


def _knowledge(part: Any, names: Sequence[str | None]) -> Iterator[tuple[str, Encoded]]:
    """Name what a single encoder or imputer knows of its columns."""
    categories = getattr(part, "categories_", None)
    if len(names) == 1 and names[0] and reads_texts(part):
        yield names[0], Encoded(is_text=True)
        return
    if isinstance(part, DictVectorizer):
        prefixes = [f"{column}{part.separator}" for column in names]
        listed: list[Any] = [
            [name.removeprefix(prefix) for name in part.feature_names_ if name.startswith(prefix)]
            for prefix in prefixes
        ]
    elif isinstance(categories, list) and len(categories) == len(names):
        listed = [values.tolist() for values in categories]
    elif type(part).__module__ == "category_encoders.ordinal" and part.mapping:  # The others have one of these.
        known = {one["col"]: [*one["mapping"].index] for one in part.mapping}
        listed = [known.get(column) for column in names]
    elif hasattr(part, "missing_values"):
        listed = [[part.missing_values]] * len(names)
        yield from ((name, Encoded(gaps=_gaps(one))) for name, one in zip(names, listed, strict=True) if name)
        return
    else:
        return
    for name, values in zip(names, listed, strict=True):
        if name is not None and values:
            yield name, Encoded([value for value in values if not pd.isna(value)], _gaps(values))


def _gaps(values: Sequence[Any]) -> frozenset[Gap]:
    """Tell which gaps are among values."""
    return frozenset("none" if value is None else "nan" for value in values if pd.isna(value))
