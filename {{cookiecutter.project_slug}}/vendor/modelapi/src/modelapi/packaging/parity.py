"""Parity: whether an engine answers as the estimator itself does."""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from modelapi.engines import Engine, EngineError, Prediction, everything
from modelapi.packaging.mutations import MAX_SAMPLE
from modelapi.records.columns import Columns
from modelapi.signature import Signature

TOLERANCE = 1e-5


def alone() -> threadpool_limits:
    """Let estimators calculate with one thread: which neighbours at one distance they take depends on how many do."""
    return threadpool_limits(1)


def head(columns: Columns) -> Columns:
    """Take up to MAX_SAMPLE rows of the sample, evenly spread."""
    return {name: values[:: stride(len(values))] for name, values in columns.items()}


def stride(n_samples: int) -> int:
    """Return how far apart the rows are that head takes."""
    return max(1, -(-n_samples // MAX_SAMPLE))


def compare(expected: Prediction, answer: Prediction, signature: Signature) -> float:
    """Return the largest difference of probabilities, scores and values, relative to the size of what is expected.

    Raises EngineError if it is over TOLERANCE, or if a label differs.
    """
    if len(expected.probabilities or []) != len(answer.probabilities or []):
        raise EngineError("it does not answer probabilities of each target")
    difference = 0.0
    for target, own, other in zip(signature.targets, expected.labels, answer.labels, strict=True):
        if target.classes is None:
            difference = max(difference, _difference(own, other, _scale(own)))
        elif wrong := sum(a != b or type(a) is not type(b) for a, b in zip(own.tolist(), other.tolist(), strict=True)):
            raise EngineError(f"{wrong} of {len(own)} labels differ from the estimator's")
    for own, other in zip(expected.probabilities or [], answer.probabilities or [], strict=True):
        # One that answers in float32, as xgboost, rounds what is near 1 by 6e-8 itself.
        difference = max(difference, _difference(own, other, 10.0 if own.dtype == np.float32 else 1.0))
    if expected.scores is not None:
        if answer.scores is None:
            raise EngineError("it does not answer scores")
        difference = max(difference, _difference(expected.scores, answer.scores, _scale(expected.scores)))
    if not difference <= TOLERANCE:
        raise EngineError(f"its answers differ from the estimator's by {difference:.2g}")
    return difference


def check_sample(engine: Engine, sample: Columns, signature: Signature) -> None:
    """Raise EngineError if the estimator cannot predict the sample, or answers labels that nobody knows."""
    try:
        labels = engine.predict(sample, everything(signature)).labels
    except Exception as error:
        raise EngineError(f"the estimator cannot predict the sample: {error}".splitlines()[0]) from error
    for values, target in zip(labels, signature.targets, strict=True):
        if not target.classes and values.dtype.kind not in "iuf":
            raise EngineError("the estimator answers labels but has no classes_: package a fitted classifier")


def _scale(values: np.ndarray[Any, Any]) -> float:
    return float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0))


def _difference(own: np.ndarray[Any, Any], other: np.ndarray[Any, Any], scale: float) -> float:
    """Relative to each value, or to 1 % of the scale where it is smaller; NaN and infinity have to be the same."""
    if own.shape != other.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        relative = np.abs(own - other) / np.maximum(np.abs(own), 0.01 * scale or 1.0)
    relative[np.isnan(relative)] = np.inf
    relative[(own == other) | (np.isnan(own) & np.isnan(other))] = 0.0
    return float(np.max(relative, initial=0.0))
