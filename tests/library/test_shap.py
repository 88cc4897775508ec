"""Explanations are those of shap's exact explainer on the same background."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi import explanation
from modelapi.package import Package
from modelapi.records.columns import Columns, n_rows
from modelapi.shapley import Explainer
from modelapi.training.features import to_columns
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.library.fitted_models import package_fitted

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # To compile takes longer than all that it is for.
shap = pytest.importorskip("shap")

N_ROWS = 200
NUMBERS = ["age", "fare", "size"]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    gaps = rng.random((3, N_ROWS)) < 0.1
    return pd.DataFrame(
        {
            "age": np.where(gaps[0], np.nan, rng.integers(1, 80, N_ROWS)),
            "fare": np.where(gaps[1], np.nan, rng.gamma(2.0, 20.0, N_ROWS)),
            "size": rng.normal(size=N_ROWS),
            "port": np.where(gaps[2], None, rng.choice(["C", "Q", "S"], N_ROWS)),
            "note": [f"{one} and {other}, no {row}" for row, (one, other) in enumerate(rng.choice(WORDS, (N_ROWS, 2)))],
        }
    )


WORDS = ["apples", "pears", "plums", "nuts", "bread", "wine", "cheese"]
X = table()
SCORE = X["age"].fillna(30) / 20 + (X["port"] == "C") * X["size"] + np.log1p(X["fare"].fillna(0)) / 2
ENCODE = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["port"]), remainder="passthrough")
MODELS: dict[str, tuple[Any, list[str], Any]] = {
    "linear": (LogisticRegression(), NUMBERS, SCORE > 3),
    "forest": (RandomForestClassifier(10, max_depth=5, random_state=0), NUMBERS, pd.cut(SCORE, 3, labels=list("abc"))),
    "boosting with gaps": (
        make_pipeline(ENCODE, HistGradientBoostingClassifier(max_iter=10)),
        [*NUMBERS, "port"],
        SCORE > 3,
    ),
    "two targets": (
        MultiOutputRegressor(Ridge()),
        NUMBERS,
        pd.DataFrame({"one": SCORE, "other": -(X["size"] ** 2)}),
    ),
    "outliers": (IsolationForest(n_estimators=20, random_state=0), NUMBERS, None),
    "text and numbers": (
        make_pipeline(make_column_transformer((TfidfVectorizer(), "note"), (StandardScaler(), ["size"])), Ridge()),
        ["size", "note"],
        X["size"] + X["note"].str.contains("wine"),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_explanations_are_those_of_shap(tmp_path: Path, name: str) -> None:
    estimator, features, y = MODELS[name]
    rows = X[features] if "gaps" in name else X[features].fillna({"age": 30.0, "fare": 10.0})
    fitted = estimator.fit(rows, y) if y is not None else estimator.fit(rows)
    package = package_fitted(tmp_path, fitted, rows, *getattr(y, "columns", []))
    columns = to_columns(rows, package.signature.features)
    said = say(package, columns)

    explainer = Explainer(package.background or {})
    found = [explainer.explain(lambda rows: say(package, rows), part(columns, row), said[row]) for row in range(N_ROWS)]

    np.testing.assert_allclose([one.baseline + one.contributions.sum(axis=0) for one in found], said, atol=1e-9)
    np.testing.assert_allclose([one.contributions for one in found], by_shap(package, columns), atol=1e-6)


def say(package: Package, columns: Columns) -> Any:
    """Calculate the numbers that are explained."""
    prediction = package.engine.predict(columns, explanation.wanted(package.signature))
    return explanation.numbers(prediction, package.signature)


def part(columns: Columns, row: int) -> Columns:
    return {name: values[row : row + 1] for name, values in columns.items()}


def by_shap(package: Package, columns: Columns) -> Any:
    """Let shap explain rows, whose values it gets as numbers: their places in a list of all that there are."""
    background = package.background or {}
    known = {name: np.concatenate([columns[name], background[name]]) for name in columns}
    rows = np.tile(np.arange(n_rows(known)), (len(known), 1)).T

    def predict(places: Any) -> Any:
        return say(package, {name: known[name][of.astype(int)] for name, of in zip(known, places.T, strict=True)})

    masker = shap.maskers.Independent(rows[N_ROWS:], max_samples=len(rows))
    values = shap.explainers.Exact(predict, masker)(rows[:N_ROWS]).values
    return values.reshape(N_ROWS, len(known), -1)
