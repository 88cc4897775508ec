"""The engine is the first that answers as the estimator does; what differs or cannot be loaded is refused."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi import package
from modelapi.engines import EngineError, Prediction, Wanted
from modelapi.engines.frames import to_frame
from modelapi.engines.trust import is_trusted
from modelapi.package import Package
from modelapi.packaging import parity
from modelapi.packaging.engine_choice import package_model
from modelapi.records.parser import RecordParser
from modelapi.settings import PackageSettings
from modelapi.signature import Signature
from modelapi.training.features import infer, read_features, to_columns
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

FEATURES = ["weight", "fur", "age", "indoor"]


def encoder() -> Any:
    """Text that may be missing, a number that may be, an integer and a boolean."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["fur"]),
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["weight", "age"]),
        (OneHotEncoder(), ["indoor"]),
    )


class Packager:
    def __init__(self, artifacts: Path) -> None:
        self.artifacts = artifacts

    def __call__(self, fitted: Any, X: pd.DataFrame, names: tuple[str, ...] = ("kind",), **options: Any) -> Package:
        """Package an estimator that was fitted on X, and load it."""
        settings = PackageSettings.model_construct(
            model_dir=self.artifacts, allow_pickle=options.pop("allow_pickle", False)
        )
        features = read_features(X)
        signature = infer(features, names, fitted, len(X))
        package_model(fitted, to_columns(X, features), signature, metrics={}, settings=settings, **options)
        return package.load(package.current(self.artifacts), allow_pickle=True)


@pytest.fixture
def packaged(tmp_path: Path) -> Packager:
    return Packager(tmp_path)


@pytest.mark.parametrize(
    ("estimator", "engine"),
    [
        (LogisticRegression(), "onnx"),
        (RandomForestClassifier(20, random_state=0), "onnx"),
        (HistGradientBoostingClassifier(min_samples_leaf=2), "onnx"),
        (RidgeClassifier(), "onnx"),
        (GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2), "onnx"),
        (make_pipeline(FunctionTransformer(np.cbrt), LogisticRegression()), "sklearn"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseEstimator) else value,
)
@pytest.mark.parametrize("labels", ["text", "integers", "booleans"])
def test_a_package_answers_as_its_estimator_does(
    packaged: Packager, pets: pd.DataFrame, estimator: Any, engine: str, labels: str
) -> None:
    X, is_cat = pets[FEATURES], pets["kind"] == "cat"
    y = {"text": pets["kind"], "integers": is_cat.astype(int), "booleans": is_cat}[labels]
    fitted = make_pipeline(encoder(), estimator).fit(X, y)

    model = packaged(fitted, X)

    records = json.loads(X.to_json(orient="records"))
    columns = RecordParser(model.signature).parse_json(json.dumps(records).encode())
    prediction = model.engine.predict(columns, Wanted(model.signature.probabilities))
    assert model.manifest.engine == engine
    assert prediction.labels[0].tolist() == fitted.predict(X).tolist()
    if prediction.probabilities:
        np.testing.assert_allclose(prediction.probabilities[0], fitted.predict_proba(X), rtol=1e-12)


def test_the_manifest_says_which_engine_and_why(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["age"]]

    one = packaged(LogisticRegression().fit(X, pets["kind"]), X).manifest
    other = packaged(make_pipeline(FunctionTransformer(np.cbrt), LogisticRegression()).fit(X, pets["kind"]), X).manifest

    assert one.reason.startswith("on 100 rows it answers as the estimator does")
    assert set(one.libraries) == {"numpy", "onnxruntime"}
    assert other.reason.endswith("; not onnx, for there is no converter for the function cbrt")
    assert {"scikit-learn", "skops", "pandas"} < set(other.libraries)


def test_what_a_converter_says_is_shown_to_who_asks(
    packaged: Packager, pets: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    X = pets[["age"]]

    with caplog.at_level("DEBUG", "modelapi"):
        manifest = packaged(make_pipeline(KNNImputer(), LogisticRegression()).fit(X, pets["kind"]), X).manifest

    said = "; not onnx, for skl2onnx cannot convert a part of this Pipeline (VERBOSE=1 shows what it says)"
    assert manifest.reason.endswith(said)
    (record,) = caplog.records
    assert record.exc_info
    assert isinstance(record.exc_info[1], EngineError)
    assert record.exc_info[1].__cause__


def test_the_engine_can_be_asked_for(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["age"]]
    fitted = LogisticRegression().fit(X, pets["kind"])

    assert packaged(fitted, X, engine="sklearn").manifest.engine == "sklearn"
    assert packaged(fitted, X, engine="joblib", allow_pickle=True).manifest.engine == "joblib"
    with pytest.raises(EngineError, match="add ALLOW_PICKLE=1"):
        packaged(fitted, X, engine="joblib")
    with pytest.raises(EngineError, match="there is no engine other: name one of onnx, sklearn, joblib"):
        packaged(fitted, X, engine="other")
    with pytest.raises(
        EngineError, match="no engine can serve this estimator: not onnx, for there is no converter for"
    ):
        packaged(make_pipeline(FunctionTransformer(np.cbrt), fitted).fit(X, pets["kind"]), X, engine="onnx")


class Shifted(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator of this project's own, which no engine but joblib can store."""

    def fit(self, X: Any, y: Any) -> "Shifted":
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[(np.asarray(X)[:, 0] > 4).astype(int)]


def test_an_estimator_of_a_foreign_module_is_refused_by_its_name(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["age"]]
    fitted = Shifted().fit(X, pets["kind"])

    with pytest.raises(EngineError) as caught:
        packaged(fitted, X, allow_pickle=True)

    message = (
        "the model uses Shifted of the module tests.library.test_engine_choice, which the server could not import: "
        "define it in a module of features/, import it from there where the model is made, and store the model again"
    )
    assert f"not sklearn, for {message}" in str(caught.value)
    assert f"not joblib, for {message}" in str(caught.value)


def test_several_targets_are_answered_one_by_one(packaged: Packager, pets: pd.DataFrame) -> None:
    X, y = pets[["age"]], pets[["kind"]].assign(indoor=pets["indoor"].map({True: "in", False: "out"}))
    fitted = MultiOutputClassifier(LogisticRegression()).fit(X, y)

    model = packaged(fitted, X, ("kind", "indoor"))

    prediction = model.engine.predict(to_columns(X, model.signature.features), Wanted(probabilities=True))
    assert np.column_stack(prediction.labels).tolist() == fitted.predict(X).tolist()
    for own, other in zip(fitted.predict_proba(X), prediction.probabilities or [], strict=True):
        np.testing.assert_allclose(other, own, rtol=1e-12)


def test_values_of_several_targets_too(packaged: Packager, pets: pd.DataFrame) -> None:
    X, y = pets[["age"]], np.column_stack([pets["age"] * 2, pets["age"] ** 2])
    fitted = DecisionTreeRegressor().fit(X, y)

    model = packaged(fitted, X, ("double", "square"))

    labels = model.engine.predict(to_columns(X, model.signature.features)).labels
    np.testing.assert_allclose(np.column_stack(labels), fitted.predict(X))


@pytest.mark.parametrize("estimator", [KMeans(3, random_state=0), IsolationForest(random_state=0)])
def test_clusters_and_outliers_are_served(packaged: Packager, pets: pd.DataFrame, estimator: Any) -> None:
    X = pets[["age"]]
    fitted = estimator.fit(X)

    model = packaged(fitted, X)

    labels = model.engine.predict(to_columns(X, model.signature.features)).labels[0]
    assert labels.tolist() == fitted.predict(X).tolist()


def test_an_estimator_of_a_bare_array_takes_the_columns_in_order(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["age", "indoor"]]
    fitted = LogisticRegression().fit(X.to_numpy(dtype=float), pets["kind"])

    for engine in ("onnx", "sklearn"):
        model = packaged(fitted, X, engine=engine)

        labels = model.engine.predict(to_columns(X, model.signature.features)).labels[0]
        assert labels.tolist() == fitted.predict(X.to_numpy(dtype=float)).tolist()


def test_an_unknown_category_is_allowed_where_the_estimator_takes_it(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["fur"]].fillna("short")
    for handle, takes in (("ignore", True), ("error", False)):
        fitted = make_pipeline(OneHotEncoder(handle_unknown=handle), LogisticRegression()).fit(X, pets["kind"])

        assert packaged(fitted, X).signature.features[0].takes_unknown is takes


@pytest.mark.parametrize(
    ("fitted", "message"),
    [
        (LogisticRegression(), "the estimator cannot predict the sample: .* is not fitted yet"),
        (
            make_pipeline(encoder(), LogisticRegression()),
            "the estimator cannot predict the sample: .* is not fitted yet",
        ),
        (LogisticRegression().fit([[1], [2]], [0, 1]), "the estimator cannot predict the sample: X has 2 features"),
        (KNeighborsClassifier().fit([[1, 2]] * 9, [0] * 9), None),
    ],
    ids=["unfitted", "unfitted pipeline", "other columns", "one class"],
)
def test_an_estimator_that_cannot_predict_is_refused(
    packaged: Packager, pets: pd.DataFrame, fitted: Any, message: str | None
) -> None:
    X = pets[["age", "indoor"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if message is None:
            assert packaged(fitted, X).signature.target.classes == [0]
            return
        with pytest.raises(EngineError, match=message):
            packaged(fitted, X)


SIGNATURE = Signature.model_validate(
    {
        "features": [],
        "target": {"name": "y", "type": "string", "classes": ["a", "b"]},
        "task": "binary",
        "probabilities": True,
        "n_samples": 2,
    }
)


@pytest.mark.parametrize(
    ("labels", "shares", "message"),
    [
        (["a", "a"], [[0.9, 0.1], [0.4, 0.6]], "1 of 2 labels differ"),
        (["a", "b"], [[0.9, 0.1], [0.3, 0.7]], "its answers differ from the estimator's by 0.25"),
        (["a", "b"], [[0.9, 0.1], [np.nan, 0.6]], "its answers differ from the estimator's by inf"),
        (["a", "b"], [[0.9, 0.1]], "differ from the estimator's by inf"),
        (["a", "b"], None, "it does not answer probabilities"),
    ],
)
def test_answers_that_differ_are_refused(labels: list[str], shares: Any, message: str) -> None:
    own = Prediction([np.array(["a", "b"])], [np.array([[0.9, 0.1], [0.4, 0.6]])])
    other = Prediction([np.array(labels)], None if shares is None else [np.array(shares)])

    assert parity.compare(own, own, SIGNATURE) == 0
    with pytest.raises(EngineError, match=message):
        parity.compare(own, other, SIGNATURE)


def test_values_are_compared_by_their_size() -> None:
    signature = SIGNATURE.model_copy(
        update={"target": SIGNATURE.target.model_copy(update={"classes": None}), "task": "regression"}
    )
    own = Prediction([np.array([1e6, 10.0, np.inf])], None)

    assert parity.compare(own, Prediction([np.array([1e6 + 1, 10.0, np.inf])], None), signature) < 2e-6
    with pytest.raises(EngineError):
        parity.compare(own, Prediction([np.array([1e6 + 100, 10.0, np.inf])], None), signature)


@pytest.mark.parametrize("name", ["sklearn.utils.resample", "sklearn.no_such.Thing", "os.system", "sklearn.os.system"])
def test_only_classes_of_known_libraries_are_trusted(name: str) -> None:
    assert not is_trusted(name, called=False)


def test_rows_that_the_estimator_cannot_predict_are_not_compared(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["age"]]
    fitted = LinearRegression().fit(np.log(X.to_numpy(dtype=float)), pets["age"])
    pipeline = Pipeline([("log", FunctionTransformer(np.log, feature_names_out="one-to-one")), ("linear", fitted)])

    with np.errstate(invalid="ignore"):
        model = packaged(pipeline, X, ("age",))

    assert model.manifest.reason.startswith("on 80 rows")
    assert to_frame(to_columns(X, model.signature.features), model.signature.features).equals(X)


def test_a_table_has_no_two_columns_of_one_name(packaged: Packager, pets: pd.DataFrame) -> None:
    X = pets[["age"]]
    y = np.column_stack([pets["kind"].map({"cat": "b_c", "dog": "x"}), pets["kind"].map({"cat": "c", "dog": "z"})])
    fitted = MultiOutputClassifier(LogisticRegression()).fit(X, y)

    with pytest.raises(EngineError, match="would have the same name: rename a target"):
        packaged(fitted, X, ("a", "a_b"))
    assert packaged(fitted, X, ("a", "b")).signature.task == "multi-output"
