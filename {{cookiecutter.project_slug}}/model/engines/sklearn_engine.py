"""The estimator itself, stored with skops: loading it runs no code from the file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io

from model.engines import EngineError, Prediction
from model.records import Columns
from model.signature import Feature, Signature

LIBRARIES = ("scikit-learn", "skops", "numpy", "scipy", "pandas")
FILE = "model.skops"
TRUSTED = ("numpy.dtype",)  # Safe, but not yet on skops' own list.


class SklearnEngine:
    """A fitted estimator that takes DataFrames."""

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self._estimator = estimator
        self._signature = signature

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        """Predict one label per row of the columns, each an array of shape (n,)."""
        X = self._frame(columns)
        scores = self._estimator.predict_proba(X) if probabilities else None
        return Prediction(np.asarray(self._estimator.predict(X)), scores)

    def _frame(self, columns: Columns) -> pd.DataFrame:
        """Give the columns the dtypes they had in training."""
        return pd.DataFrame(
            {
                feature.name: pd.Series(columns[feature.name], dtype=_dtype(feature))
                for feature in self._signature.features
            }
        )


def save(estimator: Any, folder: Path) -> None:
    """Write the fitted estimator into the folder, or raise EngineError if skops does not trust a part of it."""
    skops.io.dump(estimator, folder / FILE)
    refuse_untrusted(folder / FILE)


def load(folder: Path, signature: Signature) -> SklearnEngine:
    """Read the estimator back. Raises EngineError."""
    return SklearnEngine(read(folder / FILE), signature)


def read(path: Path) -> Any:
    """Load an estimator that skops stored, without running code of its file. Raises EngineError."""
    refuse_untrusted(path)
    return skops.io.load(path, trusted=TRUSTED)


def _dtype(feature: Feature) -> str:
    """Name the dtype that pandas gives a column of this type: with missing values, integers are floats."""
    if feature.type == "integer":
        return "float64" if feature.nullable else "int64"
    if feature.type == "boolean":
        return "object" if feature.nullable else "bool"
    return {"number": "float64", "string": "str"}[feature.type]


def refuse_untrusted(path: Path) -> None:
    """Raise EngineError if loading the file could run code."""
    untrusted = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    if untrusted:
        raise EngineError(
            f"{path.name} holds types that skops does not load safely ({', '.join(untrusted)}): "
            "build the pipeline from scikit-learn's own parts"
        )
