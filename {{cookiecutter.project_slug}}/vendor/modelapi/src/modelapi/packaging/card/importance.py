"""What a model goes by: how much worse it gets when the values of a column are shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import r2_score

from modelapi.engines import Engine, Wanted
from modelapi.packaging.card.outcomes import Outcome, balanced_accuracy, log_loss, places
from modelapi.records.columns import Array, Columns, n_rows
from modelapi.signature import Signature

MAX_FEATURES = 200
MAX_ROWS = 500
MAX_ASKED = 10_000  # Rows of all columns together; the model is asked once.
MIN_ROWS = 10


class Importance(NamedTuple):
    """By how much a model gets worse without a feature: the mean over several shuffles, and the standard deviation."""

    name: str
    mean: float
    std: float


def measure(signature: Signature) -> str:
    """Name what falls, or rises, when a model gets worse."""
    if signature.targets[0].classes is None:
        return "R² falls"
    return "log loss rises" if signature.probabilities else "balanced accuracy falls"


def shuffle(engine: Engine, columns: Columns, right: Sequence[Array], signature: Signature, seed: int) -> Array | None:
    """Shuffle each column in turn; answers how much worse the model gets, of shape (n_features,).

    right : what is right, one array of shape (n_samples,) a target.
    None if there are too few rows, or too many columns.
    """
    count = min(n_rows(columns), MAX_ROWS, MAX_ASKED // len(columns))
    if count < MIN_ROWS or len(columns) > MAX_FEATURES:
        return None
    random = np.random.default_rng(seed)
    rows = random.permutation(n_rows(columns))[:count]
    asked = {}
    for place, (name, values) in enumerate(columns.items()):
        asked[name] = np.tile(values[rows], len(columns) + 1)  # The last time, nothing is shuffled.
        asked[name][place * count : (place + 1) * count] = random.permutation(values[rows])
    said = engine.predict(asked, Wanted(signature.probabilities))
    shares: Sequence[Any] = said.probabilities or [None] * len(right)
    found = []
    for own, target, labels, likely in zip(right, signature.targets, said.labels, shares, strict=True):
        if likely is not None and likely.shape[1] != len(target.classes or []):
            return None  # A class was not among the rows that a fold's model was fitted on.
        outcome = Outcome(target, places(labels, target), np.tile(own[rows], len(columns) + 1), likely)
        faults = [_fault(outcome.part(slice(start, start + count))) for start in range(0, len(outcome.answered), count)]
        found.append([fault - faults[-1] for fault in faults[:-1]])
    means: Array = np.mean(found, axis=0)
    return means


def _fault(one: Outcome) -> float:
    if one.target.classes is None:
        return 1 - float(r2_score(one.right, one.answered))
    if one.shares is not None:
        return log_loss(one.right, one.shares)
    return 1 - balanced_accuracy(one.right, one.answered)


def importance(falls: Sequence[Array | None], signature: Signature) -> list[Importance]:
    """Put together what several shuffles found, the most important feature first."""
    known = [fall for fall in falls if fall is not None and np.isfinite(fall).all()]
    if not known:
        return []
    means, stds = np.mean(known, axis=0), np.std(known, axis=0)
    names = [feature.name for feature in signature.features]
    found = [Importance(name, float(mean), float(std)) for name, mean, std in zip(names, means, stds, strict=True)]
    return sorted(found, key=lambda one: -one.mean)
