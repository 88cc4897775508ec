"""The scores of estimators without probabilities: which there are, and that they are the estimator's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi import outputs
from modelapi.engines import LABELS, Prediction, Wanted
from modelapi.package import Package
from modelapi.training.features import to_columns
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import (
    LogisticRegression,
    Perceptron,
    RidgeClassifier,
    SGDClassifier,
    SGDOneClassSVM,
)
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, OneClassSVM

from tests.library.fitted_models import flowers, package_fitted

SCORES = Wanted(scores=True)
KINDS = ["aster", "borage", "crocus"]


def predict(model: Package, X: pd.DataFrame, wanted: Wanted = SCORES) -> Prediction:
    return model.engine.predict(to_columns(X, model.signature.features), wanted)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        LinearSVC(),
        SVC(),
        RidgeClassifier(),
        SGDClassifier(random_state=0),
        Perceptron(),
        GridSearchCV(LinearSVC(), {"C": [0.1, 1.0]}, cv=2),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_classifier_without_probabilities_gives_its_decision_function(
    tmp_path: Path, estimator: Any, n_classes: int
) -> None:
    X, y = flowers()
    X, y = X[: 20 * n_classes], y[: 20 * n_classes]
    fitted = make_pipeline(StandardScaler(), estimator).fit(X, y)

    model = package_fitted(tmp_path, fitted, X)

    assert model.manifest.engine == "onnx"
    assert model.signature.scores == (KINDS if n_classes == 3 else [])
    assert not model.signature.probabilities
    np.testing.assert_allclose(predict(model, X).scores, fitted.decision_function(X), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")  # Which LocalOutlierFactor tells itself.
@pytest.mark.parametrize(
    "estimator",
    [
        IsolationForest(n_estimators=20, random_state=0),
        IsolationForest(n_estimators=20, max_features=1, max_samples=30, contamination=0.1, random_state=0),
        OneClassSVM(),
        LocalOutlierFactor(10, novelty=True),
        SGDOneClassSVM(random_state=0),
        EllipticEnvelope(random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_detector_of_outliers_gives_labels_and_its_decision_function(tmp_path: Path, estimator: Any) -> None:
    X, _ = flowers()
    fitted = estimator.fit(X)
    others = pd.concat([X, X + 3.0, X - 3.0])

    model = package_fitted(tmp_path, fitted, X)

    prediction = predict(model, others)
    assert (model.manifest.engine, model.signature.task) == ("onnx", "outlier")
    assert (model.signature.scores, model.signature.target.classes) == ([], [-1, 1])
    assert prediction.labels[0].tolist() == fitted.predict(others).tolist()
    assert {*prediction.labels[0].tolist()} == {-1, 1}
    np.testing.assert_allclose(prediction.scores, fitted.decision_function(others), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("cls", [GaussianMixture, BayesianGaussianMixture])
def test_a_mixture_gives_clusters_their_probabilities_and_how_likely_a_row_is(
    tmp_path: Path, cls: Any, covariance_type: str
) -> None:
    X, _ = flowers()
    fitted = cls(n_components=3, covariance_type=covariance_type, random_state=0).fit(X)

    model = package_fitted(tmp_path, fitted, X)

    prediction = predict(model, X, Wanted(probabilities=True, scores=True))
    assert (model.manifest.engine, model.signature.task) == ("onnx", "cluster")
    assert (model.signature.target.classes, model.signature.scores) == ([0, 1, 2], [])
    assert prediction.labels[0].tolist() == fitted.predict(X).tolist()
    np.testing.assert_allclose((prediction.probabilities or [])[0], fitted.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(prediction.scores, fitted.score_samples(X), rtol=1e-9)


def test_clusters_are_labels_without_scores(tmp_path: Path) -> None:
    X, _ = flowers()
    fitted = KMeans(3, random_state=0).fit(X)

    model = package_fitted(tmp_path, fitted, X)

    assert (model.signature.task, model.signature.target.classes) == ("cluster", [0, 1, 2])
    assert (model.signature.scores, model.signature.probabilities) == (None, False)
    assert predict(model, X).labels[0].tolist() == fitted.predict(X).tolist()
    assert predict(model, X).scores is None


def test_a_classifier_with_probabilities_and_a_transformer_give_no_scores(tmp_path: Path) -> None:
    X, y = flowers()

    assert package_fitted(tmp_path, LogisticRegression().fit(X, y), X).signature.scores is None
    assert package_fitted(tmp_path, PCA(1).fit(X), X).signature.scores is None


def test_scores_of_pairs_and_of_several_targets_have_their_names(tmp_path: Path) -> None:
    X, y = flowers()
    pairs = SVC(decision_function_shape="ovo").fit(X, y)
    large = pd.DataFrame({"long": (X["length"] > 2) * 1, "wide": (X["width"] > 4) * 1})
    several = OneVsRestClassifier(LinearSVC()).fit(X, large)

    one = package_fitted(tmp_path, pairs, X, engine="sklearn")
    other = package_fitted(tmp_path, several, X, *large, engine="sklearn")

    assert one.signature.scores == ["aster_borage", "aster_crocus", "borage_crocus"]
    assert (other.signature.scores, other.signature.task) == (["long", "wide"], "multilabel")
    named = outputs.scores(predict(other, X[:1]), other.signature)[0]
    assert [*named.values()] == several.decision_function(X[:1])[0].tolist()


class Judge(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator that fails when it is asked for scores."""

    def fit(self, X: Any, y: Any) -> "Judge":
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[0])

    def decision_function(self, X: Any) -> Any:
        raise NotImplementedError


def test_an_estimator_whose_scores_fail_gives_none() -> None:
    from modelapi.packaging.scores import with_scores
    from modelapi.training.features import infer, read_features

    X, y = flowers()
    fitted, features = Judge().fit(X, y), read_features(X)

    signature = with_scores(infer(features, ["kind"], fitted, len(X)), fitted, to_columns(X, features))

    assert signature.scores is None


def test_scores_are_calculated_when_they_are_looked_at() -> None:
    asked = []

    def scores() -> Any:
        asked.append(1)
        return np.array([1.0, 2.0, 3.0])

    prediction = Prediction([np.array(["a", "b", "c"])], scores=scores)
    part = prediction.replace([np.array(["x", "y", "z"])]).part(slice(1, 3))

    assert (part.labels[0].tolist(), asked) == (["y", "z"], [])
    assert part.scores is not None
    assert part.scores.tolist() == [2.0, 3.0]
    assert (prediction.scores is not None, asked) == (True, [1])
    assert part.probabilities is None


@pytest.mark.parametrize("engine", ["onnx", "sklearn"])
def test_engines_calculate_scores_that_were_not_asked_for_when_they_are_looked_at(tmp_path: Path, engine: str) -> None:
    X, _ = flowers()
    fitted = OneClassSVM().fit(X)
    model = package_fitted(tmp_path, fitted, X, engine=engine)

    late = predict(model, X, LABELS).scores

    assert late is not None
    assert late.tolist() == predict(model, X).scores.tolist()  # type: ignore[union-attr]
