"""What `make train` does with the pipeline of steps/train.py."""

from pathlib import Path

import pandas as pd
import pytest

from steps.train import ESTIMATORS, build_pipeline

DATA = Path(__file__).parent.parent / "data" / "titanic.csv"


@pytest.fixture(scope="module")
def passengers() -> pd.DataFrame:
    return pd.read_csv(DATA).head(200)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_learns_labels_from_numbers_and_text_with_gaps(
    passengers: pd.DataFrame, estimator: str
) -> None:
    X = passengers[["Age", "Sex", "Embarked"]]

    pipeline = build_pipeline(X, "classification", estimator).fit(X, passengers["Survived"])

    assert set(pipeline.predict(X)) == {0, 1}


def test_quantities_are_predicted_by_regressors(passengers: pd.DataFrame) -> None:
    X = passengers[["Sex", "Pclass"]]

    predicted = build_pipeline(X, "regression").fit(X, passengers["Fare"]).predict(X)

    assert predicted.dtype == "float64"
