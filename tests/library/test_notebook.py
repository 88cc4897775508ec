"""An estimator of a notebook becomes the current model without a file in between."""

from pathlib import Path

import numpy as np
import pandas as pd
from modelapi.package import current, read_signature
from modelapi.packaging import package
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline


def test_a_live_estimator_is_packaged_with_its_rows(project: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    version = package(pipeline, pets[["fur", "age", "indoor"]], pets["kind"])

    assert current(project / "artifacts").name == version
    signature = read_signature(current(project / "artifacts"))
    assert [feature.name for feature in signature.features] == ["fur", "age", "indoor"]
    assert (signature.target.name, signature.target.classes) == ("kind", ["cat", "dog"])


def test_one_that_was_fitted_on_an_array_is_too(project: Path) -> None:
    X = np.arange(40.0).reshape(20, 2) ** 2

    package(LinearRegression().fit(X, X[:, 0]), X)

    signature = read_signature(current(project / "artifacts"))
    assert [feature.name for feature in signature.features] == ["x0", "x1"]
    assert signature.target.name == "target"
