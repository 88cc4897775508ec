"""What may be missing is what the estimator can do without, though the sample has no gap."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi.packaging.taken_gaps import MAX_CELLS, with_taken_gaps
from modelapi.training.features import infer, read_features, to_columns
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

SAMPLE = pd.DataFrame({"age": range(20), "size": [1.5, 2.0] * 10, "fur": ["short", "long"] * 10})
KIND = ["cat", "dog", "cat", "cat"] * 5


def imputed(strategy: str, *steps: Any) -> Any:
    return make_pipeline(SimpleImputer(strategy=strategy), *steps)


ignore = OneHotEncoder(handle_unknown="ignore")
NUMBERS = ["age", "size"]


@pytest.mark.parametrize(
    ("encoders", "last", "expected"),
    [
        (
            [(imputed("median"), NUMBERS), (imputed("most_frequent", ignore), ["fur"])],
            LogisticRegression(),
            ["age", "size", "fur"],
        ),
        ([(imputed("median"), ["size"]), (ignore, ["fur"]), ("passthrough", ["age"])], LogisticRegression(), ["size"]),
        ([(OneHotEncoder(), ["fur"]), ("passthrough", NUMBERS)], LogisticRegression(), []),
        ([(OneHotEncoder(), ["fur"]), ("passthrough", NUMBERS)], HistGradientBoostingClassifier(), NUMBERS),
    ],
)
def test_the_estimator_is_asked_which_gaps_it_takes(encoders: Any, last: Any, expected: list[str]) -> None:
    fitted = make_pipeline(make_column_transformer(*encoders), last).fit(SAMPLE, KIND)
    features = read_features(SAMPLE)
    signature = infer(features, ["kind"], fitted, len(SAMPLE), takes="frame")

    told = with_taken_gaps(fitted, to_columns(SAMPLE, features), signature)

    assert [one.name for one in told.features if one.nullable] == expected


class Counting(BaseEstimator):
    """An estimator that takes all there is, and counts how often it is asked, and for how many cells."""

    feature_names_in_ = np.array([])

    def __init__(self) -> None:
        self.asked, self.cells = 0, 0

    def predict(self, X: pd.DataFrame) -> Any:
        self.asked, self.cells = self.asked + 1, self.cells + X.size
        return np.zeros(len(X))


@pytest.mark.parametrize("n_features", [10, 300, 1_000])
def test_a_wide_table_takes_as_few_questions_as_a_narrow_one(n_features: int) -> None:
    X = pd.DataFrame(dict.fromkeys([f"x{number}" for number in range(n_features)], ["a", "b"] * 10))
    features, model = read_features(X), Counting()
    signature = infer(features, ["y"], model, len(X), takes="frame")

    with_taken_gaps(model, to_columns(X, features), signature)

    assert model.asked <= 6
    assert model.cells <= model.asked * MAX_CELLS
