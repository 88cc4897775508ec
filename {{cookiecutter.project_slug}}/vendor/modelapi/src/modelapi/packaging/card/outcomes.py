"""What was answered for each row beside what is right, in numbers that all metrics take."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import metrics

from modelapi.records.columns import Array
from modelapi.signature import Label, Target, label_name

UNKNOWN = -1  # In place of a label that is none of the classes, or missing.


class Outcome(NamedTuple):
    """The answers to one target.

    answered : array of shape (n_samples,): of labels their places among the classes, else numbers.
    right : an array likewise of what is right; None if nobody says it.
    shares : the probability of each class, of shape (n_samples, n_classes); None if there are none.
    """

    target: Target
    answered: Array
    right: Any = None
    shares: Array | None = None

    def part(self, rows: Any) -> Outcome:
        """Take some of the rows, as an array is asked for them."""
        right, shares = (None if values is None else values[rows] for values in (self.right, self.shares))
        return Outcome(self.target, self.answered[rows], right, shares)

    @property
    def names(self) -> list[str]:
        """The classes as people call them."""
        return [self.target.called(label) for label in self.target.classes or []]


def places(values: Any, target: Target) -> Array:
    """Turn labels of shape (n_samples,) into their places among the classes; numbers stay numbers."""
    if target.classes is None:
        return np.asarray(pd.to_numeric(pd.Series(values), errors="coerce"), dtype=np.float64)
    codes, different = pd.factorize(np.asarray(values, dtype=object))
    known = {_name(label): place for place, label in enumerate(target.classes)}
    found = np.array([*(known.get(_name(value), UNKNOWN) for value in different), UNKNOWN])  # -1 is what is missing.
    return found[codes]


def _name(value: Any) -> str:
    """Write a label so that 1, 1.0 and true are the same, for files tell them not apart."""
    label: Label = value.item() if isinstance(value, np.generic) else value
    return str(int(label)) if isinstance(label, bool | float) and label == label // 1 else label_name(label)


def log_loss(right: Array, shares: Array) -> float:
    """Say how far probabilities are from what is right; 0 is perfect."""
    return float(-np.log(np.clip(shares[np.arange(len(right)), right], 1e-15, 1)).mean())


def balanced_accuracy(right: Array, answered: Array) -> float:
    """Return the share that is right, in which each class counts alike."""
    return float(metrics.recall_score(right, answered, labels=np.unique(right), average="macro", zero_division=0))
