"""How good a pipeline is, by cross-validation, beside a dummy that ignores the features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from modelapi.training.targets import Task

MAX_FOLDS = 5
MEASURE = {"classification": "balanced_accuracy", "regression": "r2"}  # By which models are compared.
SEED = 0
Array = np.ndarray[Any, Any]


class Fold(NamedTuple):
    """What a pipeline says of some rows when it is fitted on the others.

    rows : their places, of shape (n,).
    predicted : of shape (n, n_targets).
    shares, classes : one a target, the probabilities of shape (n, n_classes) and what they are of; None if there are
        none.
    """

    fitted: Any
    rows: Array
    predicted: Array
    shares: Sequence[Array] | None = None
    classes: Sequence[Array] = ()


def evaluate(
    pipeline: Pipeline,
    X: pd.DataFrame,
    y: pd.DataFrame,
    task: Task,
    advance: Callable[[], None],
    look: Callable[[Fold], None] = lambda _: None,
) -> dict[str, Any]:
    """Score a pipeline on each fold when fitted on the others; y : DataFrame of shape (n_samples, n_targets).

    look : is given each fold of the pipeline.
    Answers the mean and the standard deviation of each score, and the baseline's mean; of several targets averages.
    """
    labels = task == "classification"
    folds = count_folds(y, task)
    splitter = (StratifiedKFold if labels and y.shape[1] == 1 else KFold)(folds, shuffle=True, random_state=SEED)
    dummy = DummyClassifier() if labels else DummyRegressor()
    scores: dict[str, list[float]] = defaultdict(list)
    for train, test in splitter.split(X, y.iloc[:, 0]):
        for prefix, estimator in (("", pipeline), ("baseline_", dummy)):
            fold = _predict(clone(estimator).fit(X.iloc[train], as_y(y.iloc[train])), X, test, y.shape[1], labels)
            for name, values in _score(fold, y.iloc[test], labels).items():
                scores[prefix + name].append(float(np.mean(values)))
            if estimator is pipeline:
                look(fold)
        advance()
    answer: dict[str, Any] = {"folds": folds}
    for name, values in scores.items():
        if f"baseline_{name}" not in scores:
            continue
        answer[name] = _round(np.mean(values))
        answer[f"{name}_std"] = _round(np.std(values))
        answer[f"baseline_{name}"] = _round(np.mean(scores[f"baseline_{name}"]))
    return answer


class Mean(NamedTuple):
    """How good a model is: the mean of MEASURE over the folds, and its standard error."""

    mean: float
    error: float


def mean_of(found: Mapping[str, Any], task: Task) -> Mean:
    """Take the mean from what evaluate answers."""
    measure = MEASURE[task]
    return Mean(found[measure], found[f"{measure}_std"] / found["folds"] ** 0.5)


def count_folds(y: pd.DataFrame, task: Task) -> int:
    """Take as many folds as the rarest class has rows, from 2 to 5."""
    rarest = y.iloc[:, 0].value_counts().min() if task == "classification" and y.shape[1] == 1 else MAX_FOLDS
    return max(2, min(MAX_FOLDS, int(rarest)))


def as_y(y: pd.DataFrame) -> Any:
    """Give a single target as estimators want it, of shape (n_samples,)."""
    return y.iloc[:, 0] if y.shape[1] == 1 else y


def _predict(fitted: Any, X: pd.DataFrame, rows: Array, n_targets: int, labels: bool) -> Fold:
    predicted = np.asarray(fitted.predict(X.iloc[rows])).reshape(len(rows), n_targets)
    if not labels or not hasattr(fitted, "predict_proba"):
        return Fold(fitted, rows, predicted)
    shares, classes = fitted.predict_proba(X.iloc[rows]), fitted.classes_
    if n_targets == 1:
        shares, classes = [shares], [classes]
    elif not isinstance(shares, list):  # A multilabel classifier answers how likely each label is to be 1.
        shares = [np.column_stack([1 - likely, likely]) for likely in shares.T]
        classes = [np.array([0, 1])] * n_targets
    return Fold(fitted, rows, predicted, shares, classes)


def _score(fold: Fold, y: pd.DataFrame, labels: bool) -> dict[str, list[float]]:
    """List the scores of each target by the name of the metric."""
    scores: dict[str, list[float]] = defaultdict(list)
    for place, name in enumerate(y.columns):
        own = y[name].to_numpy()
        if labels:
            found = _of_labels(own, fold.predicted[:, place].astype(own.dtype))
            if fold.shares is not None:
                found |= _of_probabilities(own, fold.shares[place], fold.classes[place])
        else:
            found = _of_quantities(own, fold.predicted[:, place])
        for metric, score in found.items():
            scores[metric].append(score)
    return scores


def _of_quantities(own: Array, predicted: Array) -> dict[str, float]:
    return {
        "r2": metrics.r2_score(own, predicted),
        "mean_absolute_error": metrics.mean_absolute_error(own, predicted),
        "root_mean_squared_error": metrics.root_mean_squared_error(own, predicted),
    }


def _of_labels(own: Array, predicted: Array) -> dict[str, float]:
    return {
        "accuracy": metrics.accuracy_score(own, predicted),
        "balanced_accuracy": metrics.recall_score(own, predicted, labels=np.unique(own), average="macro"),
    }


def _of_probabilities(own: Array, shares: Array, classes: Array) -> dict[str, float]:
    place = {label: column for column, label in enumerate(classes.tolist())}
    # A class that is not in the other folds has no column: it was given no chance.
    chances = [shares[row, place[label]] if label in place else 0.0 for row, label in enumerate(own.tolist())]
    scores = {"log_loss": float(-np.log(np.clip(chances, 1e-15, 1)).mean())}
    if len(classes) == 2 and len(np.unique(own)) == 2:
        scores["roc_auc"] = metrics.roc_auc_score(own == classes[1], shares[:, 1])
    return scores


def _round(value: Any) -> float:
    return float(f"{value:.4g}")
