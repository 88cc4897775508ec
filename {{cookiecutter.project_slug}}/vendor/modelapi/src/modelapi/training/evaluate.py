"""How good a pipeline is, by cross-validation, beside a dummy that ignores the features."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress
from sklearn import metrics
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from steps.estimators import SEED

MAX_FOLDS = 5
Array = np.ndarray[Any, Any]


def evaluate(
    pipeline: Pipeline, X: pd.DataFrame, y: pd.DataFrame, task: str, advance: Callable[[], None]
) -> dict[str, Any]:
    """Score a pipeline on each fold when fitted on the others; y : DataFrame of shape (n_samples, n_targets).

    Answers the mean and the standard deviation of each score, and the baseline's mean; of several targets averages.
    """
    labels = task == "classification"
    folds = count_folds(y, task)
    splitter = (StratifiedKFold if labels and y.shape[1] == 1 else KFold)(folds, shuffle=True, random_state=SEED)
    dummy = DummyClassifier() if labels else DummyRegressor()
    scores: dict[str, list[float]] = defaultdict(list)
    for train, test in splitter.split(X, y.iloc[:, 0]):
        for prefix, estimator in (("", pipeline), ("baseline_", dummy)):
            fitted = clone(estimator).fit(X.iloc[train], as_y(y.iloc[train]))
            for name, values in _score(fitted, X.iloc[test], y.iloc[test], labels).items():
                scores[prefix + name].append(float(np.mean(values)))
        advance()
    answer: dict[str, Any] = {"folds": folds}
    for name, values in scores.items():
        if name.startswith("baseline_"):
            continue
        answer[name] = _round(np.mean(values))
        answer[f"{name}_std"] = _round(np.std(values))
        answer[f"baseline_{name}"] = _round(np.mean(scores[f"baseline_{name}"]))
    return answer


def count_folds(y: pd.DataFrame, task: str) -> int:
    """Take as many folds as the rarest class has rows, from 2 to 5."""
    rarest = y.iloc[:, 0].value_counts().min() if task == "classification" and y.shape[1] == 1 else MAX_FOLDS
    return max(2, min(MAX_FOLDS, int(rarest)))


def as_y(y: pd.DataFrame) -> Any:
    """Give a single target as estimators want it, of shape (n_samples,)."""
    return y.iloc[:, 0] if y.shape[1] == 1 else y


def _score(fitted: Any, X: pd.DataFrame, y: pd.DataFrame, labels: bool) -> dict[str, list[float]]:
    """List the scores of each target by the name of the metric."""
    predicted = np.asarray(fitted.predict(X)).reshape(y.shape)
    scores: dict[str, list[float]] = defaultdict(list)
    for place, name in enumerate(y.columns):
        own = y[name].to_numpy()
        if labels:
            single = y.shape[1] == 1
            shares = fitted.predict_proba(X) if single else fitted.predict_proba(X)[place]
            classes = fitted.classes_ if single else fitted.classes_[place]
            found = _of_labels(own, predicted[:, place].astype(own.dtype), shares, classes)
        else:
            found = _of_quantities(own, predicted[:, place])
        for metric, score in found.items():
            scores[metric].append(score)
    return scores


def _of_quantities(own: Array, predicted: Array) -> dict[str, float]:
    return {
        "r2": metrics.r2_score(own, predicted),
        "mean_absolute_error": metrics.mean_absolute_error(own, predicted),
        "root_mean_squared_error": metrics.root_mean_squared_error(own, predicted),
    }


def _of_labels(own: Array, predicted: Array, shares: Array, classes: Array) -> dict[str, float]:
    place = {label: column for column, label in enumerate(classes.tolist())}
    # A class that is not in the other folds has no column: it was given no chance.
    chances = [shares[row, place[label]] if label in place else 0.0 for row, label in enumerate(own.tolist())]
    scores = {
        "accuracy": metrics.accuracy_score(own, predicted),
        "balanced_accuracy": metrics.recall_score(own, predicted, labels=np.unique(own), average="macro"),
        "log_loss": float(-np.log(np.clip(chances, 1e-15, 1)).mean()),
    }
    if len(classes) == 2 and len(np.unique(own)) == 2:
        scores["roc_auc"] = metrics.roc_auc_score(own == classes[1], shares[:, 1])
    return scores


def _round(value: Any) -> float:
    return float(f"{value:.4g}")


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal, on stderr, if the work takes longer than a second; answers how to move it on."""
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("Training", total=total)
    timer = threading.Timer(1, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: bar.advance(task)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
