"""Free text is a feature where models are better with it: tried by cross-validation on a part of the rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from modelapi.training.evaluate import MEASURE, SEED, Mean, evaluate, mean_of
from modelapi.training.rows import Rows

MAX_ROWS = 1_000


def without_idle_texts(rows: Rows, make: Callable[[pd.DataFrame], Any]) -> Rows:
    """Leave out each text of rows.tried with which a model is no better than without, and say so.

    make : returns an unfitted estimator for a table of features.
    """
    places = np.sort(np.random.default_rng(SEED).permutation(len(rows.X))[:MAX_ROWS])
    X, y = rows.X.iloc[places], rows.y.iloc[places]

    def score(names: list[str]) -> Mean:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of folds without a class, and of solvers that stop early.
            found = evaluate(make(X[names]), X[names], y, rows.task, lambda: None)
        return mean_of(found, rows.task)

    kept = [name for name in rows.X.columns if name not in rows.tried]
    metric = MEASURE[rows.task].replace("_", " ")
    best = score(kept) if kept and rows.tried else None
    for name in rows.tried:
        try:
            with_it = score([*kept, name])
        except (ValueError, TypeError) as error:  # An owner's pipeline need not take text.
            _say_left_out(name, f"the pipeline cannot take its texts ({type(error).__name__})")
            continue
        scores = f"{metric} {with_it.mean:.3g} with it" + (f", {best.mean:.3g} without" if best else "")
        if best and with_it.mean <= best.mean + max(with_it.error, best.error):
            _say_left_out(name, f"a model is no better with its texts ({scores})")
            continue
        print(f"Read {name} by its words: {scores}")
        kept, best = [*kept, name], with_it
    return rows.without([name for name in rows.tried if name not in kept]) if rows.tried else rows


def _say_left_out(name: str, reason: str) -> None:
    print(f"Left out {name}: {reason} (name it in FEATURES to keep it)")
