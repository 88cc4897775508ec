"""What is known of how good a model is: rows, what was answered for them, and what is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from modelapi.engines import Engine, EngineError, everything
from modelapi.engines.sklearn_engine import SklearnEngine
from modelapi.packaging.card.importance import Importance, importance, shuffle
from modelapi.packaging.card.outcomes import UNKNOWN, Outcome, places
from modelapi.records.columns import Array, Columns, n_rows
from modelapi.signature import Signature
from modelapi.training.evaluate import Fold

MAX_ROWS = 50_000  # Evenly spread; of these plots and groups are drawn.
MAX_ASKED = 10_000  # Of a sample, which the model has to predict first.
SHUFFLES = 5


class Evidence(NamedTuple):
    """Rows, and what a model said of them.

    columns : the features by name, each of shape (n_samples,).
    outcomes : one a target; none of a model that transforms.
    folds : into how many the rows were split, each of which was predicted by a model fitted on the others; None if
        the model itself predicted rows that it may have been fitted on.
    """

    columns: Columns
    outcomes: list[Outcome]
    scores: Array | None = None
    folds: int | None = None
    importance: Sequence[Importance] = ()

    def worded(self, signature: Signature) -> Evidence:
        """Call targets and labels as the signature does."""
        outcomes = [one._replace(target=target) for one, target in zip(self.outcomes, signature.targets, strict=False)]
        return self._replace(outcomes=outcomes)

    @property
    def is_judged(self) -> bool:
        """Whether somebody says what is right."""
        return bool(self.outcomes) and self.outcomes[0].right is not None


def of_sample(engine: Engine, columns: Columns, y: pd.DataFrame | None, signature: Signature) -> Evidence:
    """Ask a model about a sample; y : what is right, of shape (n_samples, n_targets), if it is known.

    Raises EngineError if the model cannot predict it.
    """
    step = -(-n_rows(columns) // MAX_ASKED)
    columns = {name: values[::step] for name, values in columns.items()}
    if signature.task == "transform":
        return Evidence(columns, [])
    try:
        said = engine.predict(columns, everything(signature))
    except Exception as error:
        raise EngineError(f"the estimator cannot predict the sample: {error}".splitlines()[0]) from error
    if y is None or y.shape[1] != len(signature.targets) or signature.task == "cluster":  # Clusters have no names.
        right: list[Any] = [None] * len(said.labels)
    else:
        right = _right(y.iloc[::step], signature)
    shares: Sequence[Any] = said.probabilities or [None] * len(said.labels)
    outcomes = [
        Outcome(target, places(labels, target), *others)
        for target, labels, *others in zip(signature.targets, said.labels, right, shares, strict=True)
    ]
    known = _known(outcomes)
    if known is None:
        return Evidence(columns, [one._replace(right=None) for one in outcomes], said.scores)
    columns = {name: values[known] for name, values in columns.items()}
    outcomes = [outcome.part(known) for outcome in outcomes]
    truth = [outcome.right for outcome in outcomes]
    falls = [shuffle(engine, columns, truth, signature, seed) for seed in range(SHUFFLES)]
    scores = None if said.scores is None else said.scores[known]
    return Evidence(columns, outcomes, scores, None, importance(falls, signature))


class OutOfFold:
    """Gathers what the model of each fold says of the rows that it was not fitted on."""

    def __init__(self, columns: Columns, y: pd.DataFrame, signature: Signature) -> None:
        """Take all rows; y : of shape (n_samples, n_targets)."""
        self._columns = columns
        self._signature = signature
        self._right = _right(y, signature)
        self._answered = [np.empty_like(values) for values in self._right]
        sizes = [len(target.classes or []) for target in signature.targets]
        self._shares = [np.zeros((len(y), size)) if signature.probabilities else None for size in sizes]
        self._falls: list[Array | None] = []

    def add(self, fold: Fold) -> None:
        """Take up what a fold's model said."""
        for place, target in enumerate(self._signature.targets):
            self._answered[place][fold.rows] = places(fold.predicted[:, place], target)
            shares = self._shares[place]
            if shares is not None and fold.shares is not None:
                known = places(fold.classes[place], target)  # A class that the other folds lack had no chance.
                shares[np.ix_(fold.rows, known)] = fold.shares[place]
        columns = {name: values[fold.rows] for name, values in self._columns.items()}
        plain = self._signature.model_copy(update={"scores": None})
        right = [values[fold.rows] for values in self._right]
        self._falls.append(shuffle(SklearnEngine(fold.fitted, plain), columns, right, plain, len(self._falls)))

    def evidence(self) -> Evidence:
        """Put it together, once all folds were added."""
        step = -(-n_rows(self._columns) // MAX_ROWS)
        answers = zip(self._signature.targets, self._answered, self._right, self._shares, strict=True)
        outcomes = [Outcome(*one).part(slice(None, None, step)) for one in answers]
        columns = {name: values[::step] for name, values in self._columns.items()}
        return Evidence(columns, outcomes, None, len(self._falls), importance(self._falls, self._signature))


def _right(y: pd.DataFrame, signature: Signature) -> list[Array]:
    return [places(y.iloc[:, place], target) for place, target in enumerate(signature.targets)]


def _known(outcomes: Sequence[Outcome]) -> Array | None:
    """Tell of which rows it is known what is right, and what was answered; None if of none."""
    if any(one.right is None for one in outcomes):
        return None
    found = [values for one in outcomes for values in (one.right, one.answered)]
    known = np.all([values != UNKNOWN if values.dtype.kind == "i" else np.isfinite(values) for values in found], axis=0)
    return known if known.any() else None
