"""Compare the estimators of a project, and choose the simplest of those that are as good as the best."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from modelapi.training.evaluate import evaluate, mean_of
from modelapi.training.targets import Task

AUTO = "auto"
SECONDS = 180  # After which no other is tried.
MAX_ROWS = 10_000
MAX_CELLS = 1_000_000


class Score(NamedTuple):
    """How good an estimator is: the mean over the folds and its standard error, or why there is none."""

    mean: float
    error: float
    metrics: dict[str, Any]
    reason: str = ""


def compare(
    pipelines: Mapping[str, Callable[[], Any]],
    X: pd.DataFrame,
    y: pd.DataFrame,
    task: Task,
    advance: Callable[[], None],
    seconds: float = SECONDS,
) -> dict[str, Score]:
    """Cross-validate what each of these makes, on as many rows as take the time of a coffee.

    X, y : DataFrames of shape (n_samples, n_features) and (n_samples, n_targets); `advance` is called for each fold.
    """
    ends = time.monotonic() + seconds
    n_rows = min(MAX_ROWS, max(100, MAX_CELLS // X.shape[1]))
    if len(X) > n_rows:
        X = X.sample(n_rows, random_state=0)
        y = y.loc[X.index]
    scores: dict[str, Score] = {}
    for name, make in pipelines.items():
        if scores and time.monotonic() > ends:
            scores[name] = Score(float("-inf"), 0, {}, "not tried: the time is up")
            continue
        try:
            found = evaluate(make(), X, y, task, advance)
        except Exception as error:  # Of whatever is in the owner's pipeline.
            scores[name] = Score(float("-inf"), 0, {}, f"cannot be fitted ({type(error).__name__})")
            continue
        scores[name] = Score(*mean_of(found, task), found)
    return scores


def choose(scores: Mapping[str, Score]) -> str:
    """Name the first, which is the simplest, that is within a standard error of the best."""
    best = max(scores.values(), key=lambda score: score.mean)
    return next(name for name, score in scores.items() if score.mean >= best.mean - best.error)
