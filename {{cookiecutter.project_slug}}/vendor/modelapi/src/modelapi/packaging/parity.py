"""Parity: whether an engine answers as the estimator itself does, on the sample and on mutations of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from modelapi.engines import Engine, EngineError, Prediction, everything
from modelapi.packaging.odd_texts import odd_texts
from modelapi.records.columns import Columns, column
from modelapi.signature import Feature, Signature

MAX_SAMPLE = 2_000
MAX_MUTATED = 20  # Rows for each way to change a feature.
MAX_CATEGORIES = 20
TOLERANCE = 1e-5
UNKNOWN = "never seen in training"


def head(columns: Columns) -> Columns:
    """Take up to MAX_SAMPLE rows of the sample, evenly spread."""
    return {name: values[:: stride(len(values))] for name, values in columns.items()}


def stride(n_samples: int) -> int:
    """Return how far apart the rows are that head takes."""
    return max(1, -(-n_samples // MAX_SAMPLE))


def n_rows(columns: Columns) -> int:
    """Count the rows of a table."""
    return len(next(iter(columns.values())))


def mutate(original: Engine, sample: Columns, signature: Signature) -> tuple[Columns, Signature]:
    """Add rows with missing values, unknown categories and values at and beyond the ends of each range.

    Rows that the estimator itself cannot predict are left out; if that is so for an unknown category, the
    signature that is returned says it. Raises EngineError if it cannot predict the sample.
    """
    _check_sample(original, sample, signature)
    few = {name: values[: min(MAX_MUTATED, 1 + MAX_SAMPLE // len(sample))] for name, values in sample.items()}
    tables, features = [sample], []
    for feature in signature.features:
        for value in _mutations(feature, few[feature.name]):
            table = few | {feature.name: column(feature, [value] * n_rows(few))}
            try:
                original.predict(table, everything(signature))
            except Exception:
                if value == _unknown(feature):
                    feature = feature.model_copy(update={"takes_unknown": False})
            else:
                tables.append(table)
        features.append(feature)
    rows = {name: np.concatenate([table[name] for table in tables]) for name in sample}
    return rows, signature.model_copy(update={"features": features})


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
        difference = max(difference, _difference(own, other, 1.0))
    if expected.scores is not None:
        if answer.scores is None:
            raise EngineError("it does not answer scores")
        difference = max(difference, _difference(expected.scores, answer.scores, _scale(expected.scores)))
    if not difference <= TOLERANCE:
        raise EngineError(f"its answers differ from the estimator's by {difference:.2g}")
    return difference


def _check_sample(engine: Engine, sample: Columns, signature: Signature) -> None:
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


def _mutations(feature: Feature, sample: np.ndarray[Any, Any]) -> Iterator[object]:
    if feature.nullable:
        yield None
    if feature.max_length is not None:
        yield from odd_texts(sample.tolist(), feature.max_length)
    if feature.categories is not None:
        yield from feature.categories[:MAX_CATEGORIES]
        yield _unknown(feature)
    elif isinstance(feature.minimum, float) and isinstance(feature.maximum, float):
        span = feature.maximum - feature.minimum
        yield from (feature.minimum - span, feature.minimum, feature.maximum, feature.maximum + span)
    elif feature.type == "datetime":
        yield from (feature.minimum, feature.maximum)
    elif feature.type == "boolean":
        yield from (False, True)


def _unknown(feature: Feature) -> object:
    if feature.type == "string":
        return UNKNOWN
    return feature.maximum + 1 if feature.categories is not None and isinstance(feature.maximum, float) else None
