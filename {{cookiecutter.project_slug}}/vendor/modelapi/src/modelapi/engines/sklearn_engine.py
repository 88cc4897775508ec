"""The estimator itself, stored with skops: loading it runs no code from the file."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import skops.io
import threadpoolctl
from sklearn.base import BaseEstimator

from modelapi.engines import Prediction
from modelapi.engines.frames import as_taken, to_frame
from modelapi.engines.trust import trusted_types
from modelapi.records.columns import Columns
from modelapi.signature import Signature


class SklearnEngine:
    """A fitted estimator that takes DataFrames, or bare arrays."""

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self._estimator = estimator
        self._features = signature.features
        self._n_targets = len(signature.targets)
        self._takes = signature.takes
        if self._takes is None:  # The package is older than this field.
            self._takes = "frame" if hasattr(estimator, "feature_names_in_") else "array"
        self._has_probabilities = signature.probabilities

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        """Predict one label per target and row of the columns, each an array of shape (n,)."""
        return self.ask(as_taken(to_frame(columns, self._features), self._takes), probabilities=probabilities)

    def ask(self, X: Any, *, probabilities: bool = False) -> Prediction:
        """Ask the estimator for what it was fitted on, n rows of it."""
        answers = np.asarray(self._estimator.predict(X)).reshape(len(X), -1)
        shares = partial(self._probabilities, X)
        return Prediction(list(answers.T), shares() if probabilities else shares)

    def _probabilities(self, X: Any) -> list[np.ndarray[Any, Any]] | None:
        if not self._has_probabilities:
            return None
        shares = self._estimator.predict_proba(X)
        if self._n_targets == 1 or isinstance(shares, list):
            return shares if isinstance(shares, list) else [shares]
        # A multilabel classifier answers how likely each label is to be 1.
        return [np.column_stack([1 - shares[:, place], shares[:, place]]) for place in range(self._n_targets)]


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
    return skops.io.loads(content, trusted=trusted_types(content))
