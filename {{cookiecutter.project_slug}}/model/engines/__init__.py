"""Engines run a fitted estimator. Each is a module; the one that stored a model also loads it.

An engine is chosen when a model is packaged, and its name is written in the manifest. A new engine is
a new module with the functions below and a line in ENGINES.
"""

import importlib
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from model.records import Columns
from model.signature import Signature

ENGINES = {"sklearn": "model.engines.sklearn_engine"}


class EngineError(ValueError):
    """An estimator that an engine cannot store, or a stored model that it cannot load."""


class Prediction(NamedTuple):
    """What a model says of n records.

    labels : ndarray of shape (n,), as in the training data.
    probabilities : float64 ndarray of shape (n, n_classes) in the order of the classes, or None.
    """

    labels: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any] | None


class Engine(Protocol):
    """A loaded model."""

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        """Predict one label per row of the columns, each an array of shape (n,)."""


class EngineModule(Protocol):
    """What each module named in ENGINES holds."""

    LIBRARIES: tuple[str, ...]
    """Distributions that serving the model needs, pinned in the package's requirements.txt."""

    def save(self, estimator: Any, folder: Path) -> None:
        """Write the fitted estimator into the folder. Raises EngineError."""

    def load(self, folder: Path, signature: Signature) -> Engine:
        """Read it back. Raises EngineError."""


def engine_module(name: str) -> EngineModule:
    """Import an engine by name, and with it the libraries it needs. Raises EngineError."""
    if name not in ENGINES:
        raise EngineError(f"engine {name} is not known: choose one of {', '.join(ENGINES)}")
    try:
        return cast(EngineModule, importlib.import_module(ENGINES[name]))
    except ModuleNotFoundError as error:
        raise EngineError(
            f"engine {name} needs {error.name}: install the requirements.txt of the model package"
        ) from error
