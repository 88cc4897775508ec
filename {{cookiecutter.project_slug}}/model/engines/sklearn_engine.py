"""The estimator itself, stored with skops: loading it runs no code from the file."""

import pkgutil
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


class SklearnEngine:
    """A fitted estimator that takes DataFrames."""

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self._estimator = estimator
        self._signature = signature
        # One that was fitted on a bare array takes the columns by their order, and warns of names.
        self._takes_names = hasattr(estimator, "feature_names_in_")

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        """Predict one label per row of the columns, each an array of shape (n,)."""
        frame = self._frame(columns)
        X = frame if self._takes_names else frame.to_numpy()
        scores = self._estimator.predict_proba(X) if probabilities else None
        return Prediction(np.asarray(self._estimator.predict(X)), scores)

    def _frame(self, columns: Columns) -> pd.DataFrame:
        """Give the columns the dtypes they had in training."""
        return pd.DataFrame(
            {
                feature.name: pd.Series(_with_nan(columns[feature.name]), dtype=_dtype(feature))
                for feature in self._signature.features
            }
        )


def save(estimator: Any, folder: Path) -> None:
    """Write the fitted estimator into the folder, or raise EngineError if a part of it cannot be loaded safely."""
    skops.io.dump(estimator, folder / FILE)
    trusted_types(folder / FILE)


def load(folder: Path, signature: Signature) -> SklearnEngine:
    """Read the estimator back. Raises EngineError."""
    return SklearnEngine(read(folder / FILE), signature)


def read(path: Path) -> Any:
    """Load an estimator that skops stored, without running code of its file. Raises EngineError."""
    return skops.io.load(path, trusted=trusted_types(path))


def _with_nan(column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Write a missing value as NaN, as pandas does and the imputers expect."""
    return np.where(pd.isna(column), np.nan, column) if column.dtype == object else column


def _dtype(feature: Feature) -> str:
    """Name the dtype that pandas gives a column of this type: with missing values, integers are floats."""
    if feature.type == "integer":
        return "float64" if feature.nullable else "int64"
    if feature.type == "boolean":
        return "object" if feature.nullable else "bool"
    return {"number": "float64", "string": "str"}[feature.type]


def trusted_types(path: Path) -> list[str]:
    """List the types in the file that skops does not know, but that are classes of scikit-learn or numpy's dtype.

    Making one of these runs no code but scikit-learn's own. Raises EngineError if there are other types.
    """
    unknown = sorted(skops.io.get_untrusted_types(file=path))
    refused = [name for name in unknown if not _is_trusted(name)]
    if refused:
        raise EngineError(
            f"{path.name} holds types that skops does not load safely ({', '.join(refused)}): "
            "build the pipeline from scikit-learn's own parts"
        )
    return unknown


def _is_trusted(name: str) -> bool:
    if not name.startswith("sklearn."):
        return name == "numpy.dtype"
    try:
        return isinstance(pkgutil.resolve_name(name), type)
    except (ImportError, AttributeError):
        return False
