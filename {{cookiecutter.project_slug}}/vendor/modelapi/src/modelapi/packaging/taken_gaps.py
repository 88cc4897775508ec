"""Which features may be missing though none of the sample is: those whose gaps the estimator can do with."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from modelapi.engines.sklearn_engine import SklearnEngine
from modelapi.packaging.mutations import UNKNOWN, Mutation, predictable, table_of
from modelapi.packaging.parity import head
from modelapi.records.columns import Columns
from modelapi.signature import Feature, Signature

MAX_ROWS = 5
DTYPES = {"int64": "float64"}  # As pandas holds whole numbers with gaps; what holds no gap at all is left as it is.
TRIED = ("float64", "float32", "str", "object", "string", "category", "int64")


def with_taken_gaps(model: Any, columns: Columns, signature: Signature) -> Signature:
    """Ask an estimator to predict rows with one gap in each column, and let be missing what it can do without.

    A gap in a category is none that it knows if it answers as to a category that it was never shown.
    """
    told = [one for one in signature.features if not one.nullable and one.dtype in TRIED and one.type != "text"]
    open_ = {
        one.name: one.model_copy(update={"nullable": True, "dtype": DTYPES.get(one.dtype, one.dtype)}) for one in told
    }
    changed = _with(signature, open_)
    few = {name: values[:MAX_ROWS] for name, values in head(columns).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            same = _answers(model, few, changed) == _answers(model, few, signature)
        except Exception:  # Its reason is told when it is asked for all rows.
            return signature
        if not same:  # It was fitted on whole numbers, and tells them from others.
            open_ = {one.name: open_[one.name] for one in told if one.dtype not in DTYPES}
            changed = _with(signature, open_)
        gaps = [Mutation(one, None) for one in open_.values()]
        taken = predictable(SklearnEngine(model, changed), few, gaps, changed)
        known = [gap.feature for gap in taken if not _is_unknown(model, few, gap.feature, changed)]
    return _with(signature, {one.name: one for one in known})


def _is_unknown(model: Any, few: Columns, feature: Feature, signature: Signature) -> bool:
    if feature.type != "string":
        return False
    try:
        answers = [_answers(model, table_of(few, [Mutation(feature, value)]), signature) for value in (None, UNKNOWN)]
    except Exception:
        return False  # It takes no unknown category, and so the gap is a known one.
    return answers[0] == answers[1]


def _answers(model: Any, columns: Columns, signature: Signature) -> list[Any]:
    prediction = SklearnEngine(model, signature).predict(columns)
    return [np.asarray(one).tolist() for one in [*prediction.labels, *(prediction.probabilities or [])]]


def _with(signature: Signature, changed: dict[str, Feature]) -> Signature:
    return signature.model_copy(update={"features": [changed.get(one.name, one) for one in signature.features]})
