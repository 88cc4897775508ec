"""Which features may be missing though none of the sample is: those whose gaps the estimator can do with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from modelapi.engines.sklearn_engine import SklearnEngine
from modelapi.packaging.mutations import UNKNOWN, Mutation, predictable, table_of
from modelapi.packaging.parity import head
from modelapi.records.columns import Columns, n_rows
from modelapi.signature import Feature, Signature

MAX_ROWS = 5
MAX_CELLS = 1_000_000  # Of the rows that are changed, together.
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
    most = max(1, min(MAX_ROWS, MAX_CELLS // len(columns) ** 2))
    few = {name: values[:most] for name, values in head(columns).items()}
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
        unknown = _unknown(model, few, [gap.feature for gap in taken if gap.feature.type == "string"], changed)
    return _with(signature, {gap.feature.name: gap.feature for gap in taken if gap.feature.name not in unknown})


def _unknown(model: Any, few: Columns, features: Sequence[Feature], signature: Signature) -> set[str]:
    """Name those whose gap is answered as an unknown category is; what takes no such category knows its gap."""
    others = predictable(SklearnEngine(model, signature), few, [Mutation(one, UNKNOWN) for one in features], signature)
    if not others:
        return set()
    gaps = [Mutation(other.feature, None) for other in others]
    answers = [_answers(model, table_of(few, mutations), signature) for mutations in (gaps, others)]
    size = n_rows(few)
    parts = [slice(place * size, (place + 1) * size) for place in range(len(gaps))]
    return {
        gap.feature.name
        for gap, part in zip(gaps, parts, strict=True)
        if all(one[part] == other[part] for one, other in zip(*answers, strict=True))
    }


def _answers(model: Any, columns: Columns, signature: Signature) -> list[Any]:
    prediction = SklearnEngine(model, signature).predict(columns)
    return [np.asarray(one).tolist() for one in [*prediction.labels, *(prediction.probabilities or [])]]


def _with(signature: Signature, changed: dict[str, Feature]) -> Signature:
    return signature.model_copy(update={"features": [changed.get(one.name, one) for one in signature.features]})
