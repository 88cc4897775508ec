"""Fitted estimators of each task, and packages of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from modelapi import package
from modelapi.engines.frames import as_taken, to_frame
from modelapi.package import Package
from modelapi.packaging.engine_choice import package_model
from modelapi.packaging.fitted import count_outputs, find_taken
from modelapi.packaging.outputs import output_names
from modelapi.settings import PackageSettings
from modelapi.training.features import infer, read_features, to_columns, transforms


def flowers() -> tuple[pd.DataFrame, pd.Series]:
    """Three kinds of flowers of two sizes each, shape (60, 2), and the kinds."""
    rng = np.random.default_rng(0)
    middles = {"aster": (1.0, 2.0), "borage": (4.0, 3.0), "crocus": (2.0, 7.0)}
    parts = {kind: rng.normal(middle, 0.6, size=(20, 2)) for kind, middle in middles.items()}
    X = pd.DataFrame(np.concatenate(list(parts.values())), columns=["length", "width"])
    return X, pd.Series(np.repeat(list(parts), 20), name="kind")


def package_fitted(
    artifacts: Path, fitted: Any, X: pd.DataFrame, *names: str, engine: str | None = None, explain: bool = True
) -> Package:
    """Package an estimator that was fitted on X, as `modelapi package` does, and load it."""
    settings = PackageSettings.model_construct(model_dir=artifacts, allow_pickle=False, explain=explain)
    features = read_features(X)
    columns = to_columns(X, features)
    frame = to_frame(columns, features)
    takes = find_taken(fitted, frame)
    n_outputs = count_outputs(fitted, as_taken(frame, takes))
    outputs = output_names(fitted, X, n_outputs) if transforms(fitted) else list(names or ["y"])
    signature = infer(features, outputs, fitted, len(X), takes=takes)
    package_model(fitted, columns, signature, metrics={}, settings=settings, engine=engine)
    return package.load(package.current(artifacts))
