"""Features are read off the rows, and off the encoders of the estimator."""

import numpy as np
import pandas as pd
import pytest
from modelapi.engines.frames import to_frame
from modelapi.signature import Signature
from modelapi.training.encoders import Encoded, read_encoders
from modelapi.training.features import SignatureError, infer, read_features, to_columns
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def test_features_have_the_types_and_ranges_of_their_columns(pets: pd.DataFrame) -> None:
    weight, age, indoor, fur = read_features(pets.drop(columns="kind"))

    assert (weight.type, weight.nullable, weight.minimum, weight.maximum) == ("number", True, 3.9, 31.0)
    assert (age.type, age.nullable, age.example, age.dtype) == ("integer", False, 4, "int64")
    assert (indoor.type, indoor.nullable, indoor.dtype) == ("boolean", False, "bool")
    assert (fur.type, fur.nullable, fur.categories, fur.example) == ("string", True, ["long", "short"], "short")


def test_dates_have_a_range_and_an_example_in_iso_8601() -> None:
    days = pd.to_datetime(pd.Series(["2026-01-03", None, "2026-01-01", "2026-01-02"]))

    (day,) = read_features(pd.DataFrame({"day": days}))
    (moment,) = read_features(pd.DataFrame({"moment": days + pd.Timedelta(hours=8)}))

    assert (day.type, day.nullable) == ("datetime", True)
    assert (day.minimum, day.maximum, day.example) == ("2026-01-01", "2026-01-03", "2026-01-02")
    assert moment.example == "2026-01-02T08:00:00"


def test_text_of_very_many_values_is_not_a_category() -> None:
    X = pd.DataFrame({"note": [f"note {number}" for number in range(2_000)]})

    assert read_features(X)[0].categories is None
    assert len(read_features(X, {"note": ["note 0"]})[0].categories or []) == 2_000


def test_the_frame_of_the_columns_is_the_table_of_training(pets: pd.DataFrame) -> None:
    X = pets.drop(columns="kind").assign(
        born=pd.to_datetime("2020-01-01"),
        seen=pd.to_datetime("2020-01-01T08:00Z").tz_convert("Europe/Berlin"),
        size=pd.Categorical(["s", "m"] * 10, categories=["s", "m", "l"]),
        chipped=pd.Series([True, None] * 10, dtype=object),
        small=np.arange(20, dtype="int8"),
    )
    features = read_features(X)

    frame = to_frame(to_columns(X, features), features)

    # A narrow integer is widened, for the values of clients need not fit it.
    assert frame.dtypes.astype(str).tolist() == X.astype({"small": "int64"}).dtypes.astype(str).tolist()
    assert frame.astype(object).where(frame.notna(), None).equals(X.astype(object).where(X.notna(), None))


@pytest.mark.parametrize("search", [False, True])
@pytest.mark.parametrize("columns", [["fur"], [1], slice(1, 2), [False, True], "fur", 1])
def test_categories_are_those_that_the_encoder_knows(columns: object, search: bool) -> None:
    X = pd.DataFrame({"age": [1.0, 2, 3, 4] * 5, "fur": ["long", None, "short", "curly"] * 5})
    if isinstance(columns, str | int):
        steps: list[object] = [OneHotEncoder()]
        estimator: object = ColumnTransformer([("fur", OneHotEncoder(), [columns])], remainder="passthrough")
    else:
        steps = [SimpleImputer(strategy="most_frequent"), OneHotEncoder()]
        estimator = make_column_transformer((make_pipeline(*steps), columns), remainder="passthrough")
    pipeline = make_pipeline(estimator, LogisticRegression())
    fitted = GridSearchCV(pipeline, {}, cv=2) if search else pipeline
    fitted.fit(X, [0, 1] * 10)

    known = read_encoders(fitted, X.iloc[:2])["fur"]
    assert known == Encoded(["curly", "long", "short"], frozenset({"nan"}))
    assert read_features(X.iloc[:3], {"fur": known.categories or []})[1].categories == ["curly", "long", "short"]


def test_encoded_numbers_are_categories_too() -> None:
    X = pd.DataFrame({"level": [1, 2, 3] * 5})
    fitted = make_pipeline(OrdinalEncoder(), StandardScaler(), LogisticRegression()).fit(X, [0, 1, 0] * 5)

    (level,) = read_features(X.iloc[:2], {"level": read_encoders(fitted, X)["level"].categories or []})

    assert (level.type, level.categories) == ("integer", [1, 2, 3])


def test_a_classifier_has_classes_and_probabilities(pets: pd.DataFrame, pipeline: Pipeline) -> None:
    signature = infer(read_features(pets.drop(columns="kind")), ["kind"], pipeline, 20)

    assert (signature.task, signature.probabilities, signature.n_samples) == ("binary", True, 20)
    assert (signature.target.name, signature.target.type) == ("kind", "string")
    assert signature.target.classes == ["cat", "dog"]


@pytest.mark.parametrize(
    ("classes", "kind", "task"),
    [
        ([1, 2, 3], "integer", "multiclass"),
        ([False, True], "boolean", "binary"),
        ([1.0, 2.0], "number", "binary"),
        (["a", "b", "c"], "string", "multiclass"),
    ],
)
def test_labels_keep_their_type(classes: list[object], kind: str, task: str) -> None:
    X = pd.DataFrame({"x": range(len(classes) * 5)})
    fitted = LogisticRegression().fit(X, classes * 5)

    signature = infer(read_features(X), ["y"], fitted, len(X))

    assert (signature.target.classes, signature.target.type, signature.task) == (classes, kind, task)


def test_a_regressor_has_neither_classes_nor_probabilities(pets: pd.DataFrame) -> None:
    fitted = LinearRegression().fit(pets[["age"]], pets["age"])

    signature = infer(read_features(pets[["age"]]), ["age"], fitted, 20)

    assert (signature.task, signature.probabilities, signature.target.classes) == ("regression", False, None)


def test_each_output_of_several_is_a_target(pets: pd.DataFrame) -> None:
    fitted = MultiOutputClassifier(LogisticRegression()).fit(pets[["age"]], pets[["kind", "indoor"]].astype(str))

    signature = infer(read_features(pets[["age"]]), ["kind", "indoor"], fitted, 20)

    assert (signature.task, signature.target.name, signature.target.type) == ("multi-output", "kind, indoor", "object")
    assert [target.classes for target in signature.targets] == [["cat", "dog"], ["False", "True"]]
    assert Signature.model_validate_json(signature.model_dump_json()) == signature


def test_clusters_and_outliers_are_labels(pets: pd.DataFrame) -> None:
    X = pets[["age"]]

    clusters = infer(read_features(X), ["cluster"], KMeans(3, random_state=0).fit(X), 20)
    outliers = infer(read_features(X), ["outlier"], IsolationForest(random_state=0).fit(X), 20)

    assert clusters.target.classes == [0, 1, 2]
    assert outliers.target.classes == [-1, 1]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([None, None], "holds no value"),
        ([1, "one"], "has the type object and holds int and str"),
        ([2**53, 1], "holds integers that JSON cannot"),
    ],
)
def test_a_column_that_cannot_be_served_is_named(column: object, message: str) -> None:
    with pytest.raises(SignatureError, match=f"^column odd {message}"):
        read_features(pd.DataFrame({"odd": column}))
