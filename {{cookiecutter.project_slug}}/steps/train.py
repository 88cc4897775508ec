"""Train the model on a table and package it: `make train`, or `python -m steps.train --help`.

Without options it trains what pyproject.toml names under [tool.train].
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from api.settings import PROJECT, ROOT, SettingsError, load_settings
from model import package
from model.engines import EngineError
from model.signature import SignatureError, infer
from steps.tables import TableError, read_csv, select

HELD_OUT = 0.2
SEED = 0
MAX_CLASSES = 20  # A whole-number target of more values than this is a quantity, not a label.


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the metrics on held-out rows, and package the model fitted on all rows."""
    options = _options(arguments)
    try:
        settings = load_settings()
        table = read_csv(options.data)
        X, y = select(table, options.target, options.features)
        pipeline = build_pipeline(X, y)
        metrics = evaluate(pipeline, X, y)
        pipeline.fit(X, y)
        manifest = package.save(
            settings.model_dir,
            name=PROJECT["project"]["name"],
            engine="sklearn",
            estimator=pipeline,
            signature=infer(X, y, pipeline),
            metrics=metrics,
        )
    except (SettingsError, TableError, SignatureError, EngineError) as error:
        sys.exit(f"Not trained: {error}")
    print(f"Trained on {len(X)} rows of {options.data.name}")
    print(f"to predict {options.target} from {', '.join(X.columns)}")
    print_metrics(metrics)
    print(f"Packaged as version {manifest.version}, for the engine {manifest.engine}; it is the current one now")


def build_pipeline(X: pd.DataFrame, y: pd.Series[Any]) -> Pipeline:
    """Make the unfitted pipeline: impute, scale or one-hot encode, then a linear model for the task of `y`."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    preprocessing = ColumnTransformer(
        [
            ("numbers", numbers, list(X.select_dtypes(["number", "bool"]))),
            ("categories", categories, list(X.select_dtypes(exclude=["number", "bool"]))),
        ]
    )
    estimator = LogisticRegression(max_iter=1_000) if is_classification(y) else Ridge()
    return Pipeline([("preprocessing", preprocessing), ("estimator", estimator)])


def is_classification(y: pd.Series[Any]) -> bool:
    """Tell whether the target holds labels: text, booleans, or few whole numbers."""
    if pd.api.types.is_float_dtype(y):
        return False
    return not pd.api.types.is_integer_dtype(y) or y.nunique() <= MAX_CLASSES


def evaluate(pipeline: Pipeline, X: pd.DataFrame, y: pd.Series[Any]) -> dict[str, Any]:
    """Fit on one part of the rows and score the rest, beside a dummy that ignores the features."""
    labels = is_classification(y)
    stratify = y if labels and y.value_counts().min() > 1 else None
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=HELD_OUT, random_state=SEED, stratify=stratify)
    metrics: dict[str, Any] = {"held_out_rows": len(X_test)}
    dummy = DummyClassifier() if labels else DummyRegressor()
    for prefix, estimator in (("", pipeline), ("baseline_", dummy)):
        predicted = estimator.fit(X_train, y_train).predict(X_test)
        for name, score in _scorers(labels).items():
            metrics[prefix + name] = round(float(score(y_test, predicted)), 4)
    return metrics


def _scorers(labels: bool) -> dict[str, Any]:
    if labels:
        return {"accuracy": accuracy_score, "balanced_accuracy": balanced_accuracy_score}
    return {
        "r2": r2_score,
        "mean_absolute_error": mean_absolute_error,
        "root_mean_squared_error": root_mean_squared_error,
    }


def print_metrics(metrics: dict[str, Any]) -> None:
    """Print the scores of the model and of the baseline side by side."""
    names = [name for name in metrics if f"baseline_{name}" in metrics]
    title = f"on {metrics['held_out_rows']} held-out rows"
    print(f"\n  {title:<26} {'model':>10} {'baseline':>10}")
    for name in names:
        print(f"  {name.replace('_', ' '):<26} {metrics[name]:>10.4g} {metrics[f'baseline_{name}']:>10.4g}")
    print()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    defaults = PROJECT["tool"]["train"]
    parser = argparse.ArgumentParser(prog="python -m steps.train", description=__doc__)
    parser.add_argument("--data", type=Path, help="a CSV file with a header line")
    parser.add_argument("--target", help="the column to predict")
    parser.add_argument(
        "--features",
        type=lambda text: [name.strip() for name in text.split(",")],
        help="columns to predict from: a,b,c (default: all others)",
    )
    options = parser.parse_args(arguments)
    if options.data is None:
        options.data = ROOT / defaults["data"]
        options.target = options.target or defaults["target"]
        options.features = options.features or defaults["features"]
    elif options.target is None:
        parser.error("--data needs --target: name the column to predict")
    return options


if __name__ == "__main__":
    main()
