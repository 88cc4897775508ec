"""Engines run a fitted estimator. Each is a module; the package's manifest names the one it needs.

An engine is chosen when a model is packaged (modelapi.packaging). A new engine is a new module with
the function below, and a line in ENGINES.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:  # The process that only checks a package needs no arrays.
    from typing import TypeAlias

    import numpy as np

    from modelapi.records.columns import Columns
    from modelapi.signature import Signature

    Array: TypeAlias = np.ndarray[Any, Any]
    Shares: TypeAlias = list[Array] | None
    Scores: TypeAlias = Array | None


class EngineSource(NamedTuple):
    """Where an engine is, and the name of the model's file in its packages."""

    module: str
    file: str


ENGINES = {
    "onnx": EngineSource("modelapi.engines.onnx_engine", "model.onnx"),
    "sklearn": EngineSource("modelapi.engines.sklearn_engine", "model.skops"),
    "joblib": EngineSource("modelapi.engines.joblib_engine", "model.joblib"),
}


class EngineError(ValueError):
    """An estimator that an engine cannot store, or a stored model that it cannot load."""


class Wanted(NamedTuple):
    """What to calculate at once besides the labels, which is cheaper than when it is looked at."""

    probabilities: bool = False
    scores: bool = False


LABELS = Wanted()


def everything(signature: Signature) -> Wanted:
    """Want all that a model can say."""
    return Wanted(signature.probabilities, signature.scores is not None)


class Prediction:
    """What a model says of n records, for each target of the signature.

    labels : list of ndarrays of shape (n,), as in the training data.
    probabilities : list of float64 ndarrays of shape (n, n_classes) in the order of the classes, or None if the model
        has none.
    scores : float64 ndarray of shape (n,) or, if the signature names its scores, of (n, n_scores); None if the model
        has none.

    The last two may be given as functions, which are called when they are first looked at.
    """

    __slots__ = ("_probabilities", "_scores", "labels")

    def __init__(
        self,
        labels: list[Array],
        probabilities: Shares | Callable[[], Shares] = None,
        scores: Scores | Callable[[], Scores] = None,
    ) -> None:
        self.labels = labels
        self._probabilities = probabilities
        self._scores = scores

    @property
    def probabilities(self) -> Shares:
        """The probability of each class; None if the model has none."""
        if callable(self._probabilities):
            self._probabilities = self._probabilities()
        return self._probabilities

    @property
    def scores(self) -> Scores:
        """The values of the decision function; None if the model has none."""
        if callable(self._scores):
            self._scores = self._scores()
        return self._scores

    def replace(self, labels: list[Array] | None = None, probabilities: Shares = None) -> Prediction:
        """Return a prediction of other labels, other probabilities or both; what is not given stays."""
        kept = (lambda: self.probabilities) if probabilities is None else probabilities
        return Prediction(self.labels if labels is None else labels, kept, lambda: self.scores)

    def part(self, rows: slice) -> Prediction:
        """Return what is said of some of the rows."""

        def shares() -> Shares:
            whole = self.probabilities
            return None if whole is None else [values[rows] for values in whole]

        def scores() -> Scores:
            whole = self.scores
            return None if whole is None else whole[rows]

        return Prediction([values[rows] for values in self.labels], shares, scores)


def join(parts: list[Prediction]) -> Prediction:
    """Put together what is said of the rows one part after the other; all of it is looked at."""
    import numpy as np

    labels = [np.concatenate(values) for values in zip(*(part.labels for part in parts), strict=True)]
    shares = [part.probabilities for part in parts if part.probabilities is not None]
    scores = [part.scores for part in parts if part.scores is not None]
    return Prediction(
        labels,
        [np.concatenate(values) for values in zip(*shares, strict=True)] if shares else None,
        np.concatenate(scores) if scores else None,
    )


Adjust = Callable[[Prediction, "Signature"], Prediction]
"""What a project does with predictions before anything is made of them: `adjust(prediction, signature)`."""


class Engine(Protocol):
    """A loaded model."""

    def predict(self, columns: Columns, wanted: Wanted = LABELS) -> Prediction:
        """Predict one label per target and row of the columns, each an array of shape (n,)."""


class EngineModule(Protocol):
    """What each module named in ENGINES holds."""

    def load(self, content: bytes, signature: Signature, threads: int | None = None) -> Engine:
        """Read a model back, which may calculate with so many threads. Raises EngineError."""


def engine_module(name: str) -> EngineModule:
    """Import an engine by name, and with it the libraries it needs. Raises EngineError."""
    if name not in ENGINES:
        raise EngineError(f"engine {name} is not known: choose one of {', '.join(ENGINES)}")
    try:
        return cast(EngineModule, importlib.import_module(ENGINES[name].module))
    except ModuleNotFoundError as error:
        raise EngineError(
            f"engine {name} needs {error.name}: install the requirements.txt of the model package"
        ) from error
