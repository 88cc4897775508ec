"""The signature is read off the rows and the estimator."""

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from model.signature import Signature, SignatureError, infer


def test_features_have_the_types_and_ranges_of_their_columns(pets: pd.DataFrame, pipeline: Pipeline) -> None:
    signature = infer(pets.drop(columns="kind"), pets["kind"], pipeline)

    weight, age, indoor, fur = signature.features
    assert (weight.type, weight.nullable, weight.minimum, weight.maximum) == ("number", True, 3.9, 31.0)
    assert (age.type, age.nullable, age.example) == ("integer", False, 4)
    assert (indoor.type, indoor.nullable) == ("boolean", False)
    assert (fur.type, fur.nullable, fur.categories, fur.example) == ("string", True, ["long", "short"], "short")


def test_a_classifier_has_classes_and_probabilities(pets: pd.DataFrame, pipeline: Pipeline) -> None:
    signature = infer(pets.drop(columns="kind"), pets["kind"], pipeline)

    assert (signature.task, signature.probabilities, signature.n_samples) == ("binary", True, 20)
    assert (signature.target.name, signature.target.type) == ("kind", "string")
    assert signature.target.classes == ["cat", "dog"]


def test_three_classes_are_multiclass(pets: pd.DataFrame) -> None:
    class Three:
        classes_ = pd.Series([1, 2, 3])

    signature = infer(pets[["fur"]], pets["age"], Three())

    assert (signature.task, signature.probabilities) == ("multiclass", False)


def test_a_regressor_has_neither(pets: pd.DataFrame) -> None:
    signature = infer(pets[["indoor"]], pets["age"], LinearRegression())

    assert (signature.task, signature.probabilities, signature.target.classes) == ("regression", False, None)


def test_a_signature_survives_its_file(pets: pd.DataFrame, pipeline: Pipeline) -> None:
    signature = infer(pets.drop(columns="kind"), pets["kind"], pipeline)

    assert Signature.model_validate_json(signature.model_dump_json()) == signature


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([None, None], "holds no value"),
        ([1, "one"], "has the type object and holds int and str"),
        (pd.to_datetime(["2026-01-01", "2026-01-02"]), "has the type datetime64"),
    ],
)
def test_a_column_that_cannot_be_served_is_named(column: object, message: str) -> None:
    X = pd.DataFrame({"odd": column})

    with pytest.raises(SignatureError, match=f"^column odd {message}"):
        infer(X, pd.Series([0, 1], name="y"), LinearRegression())
