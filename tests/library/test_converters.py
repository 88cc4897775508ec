"""Own converters: estimators and transformers that ONNX Runtime serves as they answer themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi.training.features import to_columns
from sklearn.cluster import Birch
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import RFE, SelectFromModel, SequentialFeatureSelector
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.neighbors import RadiusNeighborsClassifier, RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, LinearSVC

from tests.library.fitted_models import flowers, package_fitted

X, y = flowers()
LARGE = pd.DataFrame({"long": (X["length"] > 2) * 1, "wide": (X["width"] > 4) * 1})
logistic = LogisticRegression()


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (VotingClassifier([("one", logistic), ("other", LinearSVC()), ("third", SVC())], weights=[2, 1, 1.5]), y),
        (OneVsOneClassifier(LinearSVC()), y),
        (OutputCodeClassifier(logistic, random_state=0), y),
        (SVC(kernel="poly"), y),
        (SVC(break_ties=True), y),
        (RadiusNeighborsClassifier(1.5, outlier_label="most_frequent"), y),
        (RadiusNeighborsRegressor(30.0), X["length"] * 2),
        (ClassifierChain(logistic, order=[1, 0]), LARGE),
        (RegressorChain(Ridge(), order=[1, 0]), X * 2),
        (TransformedTargetRegressor(Ridge(), transformer=StandardScaler(with_std=False)), X["length"] + 1_000),
        (TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()), X["length"] * 2),
        (RFE(logistic, n_features_to_select=1), y),
        (make_pipeline(RFE(logistic, n_features_to_select=1), logistic), y),
        (make_pipeline(SelectFromModel(logistic), logistic), y),
        (make_pipeline(SequentialFeatureSelector(logistic, n_features_to_select=1, cv=2), logistic), y),
        (Birch(n_clusters=3), y),
    ],
    ids=lambda value: type(value).__name__,
)
def test_estimators_are_converted(tmp_path: Path, estimator: Any, target: Any) -> None:
    fitted = estimator.fit(X, target)

    model = package_fitted(tmp_path, fitted, X, *([*target] if target.ndim > 1 else ["y"]))

    assert model.manifest.engine == "onnx", model.manifest.reason
    labels = model.engine.predict(to_columns(X, model.signature.features)).labels
    expected = np.reshape(fitted.predict(X), (len(X), -1)).T
    for one, other in zip(expected, labels, strict=True):
        if model.signature.targets[0].classes:
            assert one.tolist() == other.tolist()
        else:
            np.testing.assert_allclose(other, one, rtol=1e-9)


@pytest.mark.parametrize(
    "transformer",
    [
        FunctionTransformer(np.log1p),
        PolynomialFeatures(3),
        PolynomialFeatures(interaction_only=True, include_bias=False),
        PowerTransformer(),
        PowerTransformer("box-cox", standardize=False),
        KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"),
        KBinsDiscretizer(3, encode="ordinal", strategy="uniform"),
    ],
    ids=str,
)
def test_transformers_are_converted(tmp_path: Path, transformer: Any) -> None:
    positive = X + 2
    fitted = transformer.fit(positive)

    model = package_fitted(tmp_path, fitted, positive)

    assert model.manifest.engine == "onnx", model.manifest.reason
    columns = model.engine.predict(to_columns(positive, model.signature.features)).labels
    own = fitted.transform(positive)
    np.testing.assert_allclose(np.transpose(columns), own.toarray() if hasattr(own, "toarray") else own, rtol=1e-9)


@pytest.mark.parametrize("target", [y, (y == "aster") * 1], ids=["several classes", "two"])
def test_the_means_of_categories_are_converted(tmp_path: Path, target: Any) -> None:
    coded = X.assign(bed=np.where(X["length"] > 2, "north", "south"), row=np.arange(len(X)) % 3)
    encoder = make_column_transformer((TargetEncoder(), ["bed", "row"]), remainder="passthrough")
    fitted = make_pipeline(encoder, LogisticRegression(max_iter=1_000)).fit(coded, target)

    assert package_fitted(tmp_path, fitted, coded).manifest.engine == "onnx"
