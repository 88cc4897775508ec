"""The estimator itself, stored with skops: loading it runs no code from the file."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import threadpoolctl
from sklearn.base import BaseEstimator

from modelapi.engines import LABELS, Prediction, Wanted
from modelapi.engines.cores import count_quietly
from modelapi.engines.frames import as_taken, to_frame
from modelapi.engines.trust import trusted_types
from modelapi.records.columns import Columns
from modelapi.signature import Signature, Target


class SklearnEngine:
    """A fitted estimator that takes DataFrames, or bare arrays."""

    def __init__(self, estimator: Any, signature: Signature) -> None:
        count_quietly()
        self._estimator = estimator
        self._features = signature.features
        self._targets = signature.targets
        self._takes = signature.takes
        if self._takes is None:  # The package is older than this field.
            self._takes = "frame" if hasattr(estimator, "feature_names_in_") else "array"
        self._has_probabilities = signature.probabilities
        self._has_scores = signature.scores is not None

    def predict(self, columns: Columns, wanted: Wanted = LABELS) -> Prediction:
        """Predict one label per target and row of the columns, each an array of shape (n,)."""
        return self.ask(as_taken(to_frame(columns, self._features), self._takes), wanted)

    def ask(self, X: Any, wanted: Wanted = LABELS) -> Prediction:
        """Ask the estimator for what it was fitted on, n rows of it."""
        answers = answer(self._estimator, X).T
        labels = [_as_trained(values, target) for values, target in zip(answers, self._targets, strict=True)]
        shares, scores = partial(self._probabilities, X), partial(self._scores, X)
        return Prediction(labels, shares() if wanted.probabilities else shares, scores() if wanted.scores else scores)

    def _probabilities(self, X: Any) -> list[np.ndarray[Any, Any]] | None:
        if not self._has_probabilities:
            return None
        shares = self._estimator.predict_proba(X)
        if len(self._targets) == 1 or isinstance(shares, list):
            return shares if isinstance(shares, list) else [shares]
        # A multilabel classifier answers how likely each label is to be 1.
        return [np.column_stack([1 - shares[:, place], shares[:, place]]) for place in range(len(self._targets))]

    def _scores(self, X: Any) -> np.ndarray[Any, Any] | None:
        return score(self._estimator, X) if self._has_scores else None


def _as_trained(labels: np.ndarray[Any, Any], target: Target) -> np.ndarray[Any, Any]:
    """Make whole numbers of labels that are, where an estimator, as a chain, answers them as floats."""
    if target.classes and target.type == "integer" and labels.dtype.kind == "f":
        return labels.astype(np.int64)
    return labels


def answer(estimator: Any, X: Any) -> np.ndarray[Any, Any]:
    """Predict or, if there is nothing to predict, transform rows into an array of shape (n_samples, n_outputs)."""
    if hasattr(estimator, "predict"):
        answers = np.asarray(estimator.predict(X))
    else:
        columns = estimator.transform(X)
        try:
            answers = np.asarray(columns.toarray() if hasattr(columns, "toarray") else columns, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError("it makes other things than a row of numbers: end it with an encoder") from None
    if len(answers) != len(X):
        raise ValueError(f"it answers {len(answers)} times for {len(X)} rows")
    return answers.reshape(len(X), -1)


def score(estimator: Any, X: Any) -> np.ndarray[Any, Any]:
    """Ask for the decision function or else the score of each row, of shape (n_samples,) or (n_samples, n_scores)."""
    ask = getattr(estimator, "decision_function", None) or estimator.score_samples
    scores = np.asarray(ask(X), dtype=np.float64)
    return scores[:, 0] if scores.ndim == 2 and scores.shape[1] == 1 else scores


def load(content: bytes, signature: Signature, threads: int | None = None) -> SklearnEngine:
    """Read the estimator back, which may calculate with so many threads. Raises EngineError."""
    estimator = read(content)
    limit_threads(estimator, threads)
    return SklearnEngine(estimator, signature)


def limit_threads(estimator: Any, threads: int | None) -> None:
    """Keep the pools of OpenMP and BLAS in this process, and of joblib in the estimator, to so many threads."""
    if threads is None:
        return
    threadpoolctl.threadpool_limits(threads)
    for part in parts(estimator):
        if getattr(part, "n_jobs", None) is not None:
            part.n_jobs = threads


def parts(value: Any) -> Iterator[BaseEstimator]:
    """Find an estimator, and those that it is made of."""
    if isinstance(value, BaseEstimator):
        yield value
        value = vars(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        for part in value:
            yield from parts(part)


def read(content: bytes) -> Any:
    """Load an estimator that skops stored, without running code of its file. Raises EngineError."""
    from skops.io import loads  # Whose import takes in all of scikit-learn, which most models do without.

    return loads(content, trusted=trusted_types(content))
