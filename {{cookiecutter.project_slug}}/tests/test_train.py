"""What `make train` does with the pipeline of steps/train.py."""

from typing import Any

import pandas as pd
import pytest

from steps.train import ESTIMATORS, build_pipeline


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Numbers and text with gaps, a label and a quantity."""
    rows: dict[str, list[Any]] = {
        "size": [1.5, None, 3.0, 8.0, 9.5, None],
        "color": ["red", "red", None, "blue", "blue", "blue"],
        "is_large": [0, 0, 0, 1, 1, 1],
        "price": [1.0, 2.5, 3.0, 8.5, 9.0, 9.5],
    }
    return pd.DataFrame({name: values * 20 for name, values in rows.items()})


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_learns_labels_from_numbers_and_text_with_gaps(table: pd.DataFrame, estimator: str) -> None:
    X = table[["size", "color"]]

    pipeline = build_pipeline(X, "classification", estimator).fit(X, table["is_large"])

    assert set(pipeline.predict(X)) == {0, 1}


def test_quantities_are_predicted_by_regressors(table: pd.DataFrame) -> None:
    X = table[["size", "color"]]

    predicted = build_pipeline(X, "regression").fit(X, table["price"]).predict(X)

    assert predicted.dtype == "float64"
