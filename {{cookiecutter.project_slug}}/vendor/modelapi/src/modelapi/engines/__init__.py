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


class Prediction:
    """What a model says of n records, for each target of the signature.

    labels : list of ndarrays of shape (n,), as in the training data.
    probabilities : list of float64 ndarrays of shape (n, n_classes) in the order of the classes, or None if the model
        has none. They may be given as a function, which is called when they are first looked at.
    """

    __slots__ = ("_probabilities", "labels")

    def __init__(self, labels: list[Array], probabilities: Shares | Callable[[], Shares] = None) -> None:
        self.labels = labels
        self._probabilities = probabilities

    @property
    def probabilities(self) -> Shares:
        """The probability of each class; None if the model has none."""
        if callable(self._probabilities):
            self._probabilities = self._probabilities()
        return self._probabilities

    def replace(self, labels: list[Array]) -> Prediction:
        """Return a prediction of other labels with the same probabilities."""
        return Prediction(labels, self._probabilities)

    def part(self, rows: slice) -> Prediction:
        """Return what is said of some of the rows."""
        shares = self._probabilities
        if callable(shares):
            return Prediction([values[rows] for values in self.labels], lambda: _part(self.probabilities, rows))
        return Prediction([values[rows] for values in self.labels], _part(shares, rows))


def _part(shares: Shares, rows: slice) -> Shares:
    return None if shares is None else [values[rows] for values in shares]


Adjust = Callable[[Prediction, "Signature"], Prediction]
"""What a project does with predictions before anything is made of them: `adjust(prediction, signature)`."""


class Engine(Protocol):
    """A loaded model."""

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        """Predict one label per target and row of the columns, each an array of shape (n,).

        probabilities : whether to calculate them at once, which is cheaper than when they are looked at.
        """


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
