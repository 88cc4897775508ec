"""What encoders know of the columns of a table is found however deep they are in an estimator."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi.training.encoders import Encoded, read_encoders
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier, StackingClassifier, VotingClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

X = pd.DataFrame({"age": range(30), "fur": ["long", "short", "curly"] * 10, "size": ["s", "m"] * 15})
y = np.array([0, 1] * 15)
SAMPLE = X[X["fur"] != "curly"].head(6)
KNOWN = Encoded(["curly", "long", "short"])


def encode(columns: Any = ("fur", "size")) -> Any:
    columns = list(columns) if isinstance(columns, tuple) else columns
    return make_column_transformer((OneHotEncoder(handle_unknown="ignore"), columns), remainder="passthrough")


def classify(*steps: Any) -> Any:
    return make_pipeline(*(steps or (encode(),)), LogisticRegression())


class AddOld(BaseEstimator, TransformerMixin):  # type: ignore[misc]
    """A transformer that leaves most columns as they are, and is asked for frames only."""

    def fit(self, X: Any, y: Any = None) -> "AddOld":
        return self

    def transform(self, X: Any) -> Any:
        return X.assign(old=X["age"] > 9)


def shuffled(X: Any) -> Any:
    return X[["size", "fur", "age"]]


PIPELINES: dict[str, Any] = {
    "search": GridSearchCV(classify(), {"logisticregression__C": [1, 2]}, cv=2),
    "voting": VotingClassifier([("one", classify()), ("other", classify())]),
    "stacking": StackingClassifier([("one", classify()), ("other", classify())], classify(StandardScaler()), cv=2),
    "stacking that passes": make_pipeline(encode(), StackingClassifier([("one", LogisticRegression())], cv=2)),
    "calibrated": CalibratedClassifierCV(classify(), cv=2),
    "threshold": FixedThresholdClassifier(classify()),
    "bagging": BaggingClassifier(classify(encode([1, 2])), 3, random_state=0),
    "target": TransformedTargetRegressor(make_pipeline(encode(), Ridge())),
    "function first": classify(FunctionTransformer(), encode()),
    "function that shuffles": classify(FunctionTransformer(shuffled), encode()),
    "own first": classify(AddOld(), encode()),
    "own in between": classify(make_pipeline(AddOld(), FunctionTransformer(shuffled)), encode()),
    "nested": classify(
        ColumnTransformer(
            [("in", make_pipeline(SimpleImputer(strategy="most_frequent"), encode([0, 1])), ["fur", "size"])]
        )
    ),
    "imputed, then by place": classify(
        ColumnTransformer(
            [("text", SimpleImputer(strategy="most_frequent"), ["size", "fur"]), ("age", KNNImputer(), ["age"])]
        ),
        encode([0, 1]),
    ),
    "union": classify(make_union(encode(), FeatureUnion([("again", make_pipeline(encode()))]))),
    "negative places": classify(encode([-2, -1])),
    "mask": classify(encode([False, True, True])),
    "callable": classify(encode(make_column_selector(dtype_exclude="number"))),
    "slice": classify(encode(slice("fur", "size"))),
    "ordinal": make_pipeline(OrdinalEncoder(), LogisticRegression()),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_category_that_the_sample_lacks_is_known(name: str) -> None:
    fitted = PIPELINES[name].fit(X, y)

    assert read_encoders(fitted, SAMPLE)["fur"].categories == KNOWN.categories


def test_an_array_has_its_columns_by_place() -> None:
    fitted = classify(FunctionTransformer(), encode([1, 2])).fit(X.to_numpy(), y)

    known = read_encoders(fitted, SAMPLE)

    assert known == {"fur": KNOWN, "size": Encoded(["m", "s"])}


def test_an_encoder_of_a_classifiers_own_is_asked_too() -> None:
    frame = X.astype({"fur": "category", "size": "category"})
    fitted = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=3).fit(frame, y)

    assert read_encoders(fitted, frame.head(4))["fur"].categories == KNOWN.categories


def test_what_is_made_of_a_column_is_not_taken_for_it() -> None:
    def shout(X: Any) -> Any:
        return X.apply(lambda values: values.str.upper() if values.name == "fur" else values)

    fitted = classify(FunctionTransformer(shout), encode()).fit(X, y)

    assert read_encoders(fitted, SAMPLE) == {"size": Encoded(["m", "s"])}


def test_the_gap_is_the_one_that_the_first_of_a_pipeline_knows() -> None:
    frame = X.assign(fur=pd.Series(["long", None, "curly"] * 10, dtype=object))
    encoder = make_pipeline(SimpleImputer(missing_values=None, strategy="constant", fill_value="none"), OneHotEncoder())

    imputed = read_encoders(make_pipeline(encoder, LogisticRegression()).fit(frame[["fur"]], y), frame[["fur"]])
    encoded = read_encoders(classify().fit(frame, y), frame)

    assert imputed["fur"] == Encoded(["curly", "long", "none"], frozenset({"none"}))
    assert encoded["fur"] == Encoded(["curly", "long"], frozenset({"none"}))


def test_an_estimator_that_was_not_fitted_knows_nothing() -> None:
    for estimator in (classify(), VotingClassifier([("one", classify())]), object(), {"model": 1}):
        assert read_encoders(estimator, SAMPLE) == {}
