"""Features that look too good: each alone tells nearly all of a target, as what is known only afterwards does."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.model_selection import KFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from modelapi.training.evaluate import MEASURE
from modelapi.training.targets import Task

TOO_GOOD = 0.98
MIN_ROWS = 50
MAX_ROWS = 2_000
OPTIONS = {"min_samples_leaf": 2, "random_state": 0}


def find_leaks(X: pd.DataFrame, y: pd.DataFrame, task: Task) -> list[str]:
    """Say of each feature that alone predicts a target nearly without a fault, how well, and what to do.

    X, y : DataFrames of shape (n_samples, n_features) and (n_samples, n_targets).
    """
    if len(X) < MIN_ROWS:
        return []
    X = X.sample(min(len(X), MAX_ROWS), random_state=0)
    y = y.loc[X.index]
    labels = task == "classification"
    tree = DecisionTreeClassifier(**OPTIONS) if labels else DecisionTreeRegressor(**OPTIONS)
    measure = MEASURE[task]
    folds = KFold(2, shuffle=True, random_state=0)
    found = []
    for target in y.columns:
        own = pd.factorize(y[target])[0] if labels else y[target].to_numpy(dtype=float)
        for name in X.columns:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Of folds without a class.
                score = float(np.mean(cross_val_score(tree, _numbers(X[name]), own, cv=folds, scoring=measure)))
            if score >= TOO_GOOD:
                found.append(
                    f"Too good to be true? {name} alone predicts {target} ({measure.replace('_', ' ')} {score:.3g}): "
                    f"if it is known only afterwards, leave it out with DROP={name}"
                )
    return found


def _numbers(column: pd.Series) -> pd.DataFrame:
    """Write a column as numbers, of which a tree takes gaps too."""
    if not types.is_numeric_dtype(column):
        codes = pd.factorize(column)[0].astype(float)
        return pd.DataFrame(np.where(codes < 0, np.nan, codes))
    return pd.DataFrame(column.to_numpy(dtype=float, na_value=np.nan))
