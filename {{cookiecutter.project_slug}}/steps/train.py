"""The estimators that `make train` can fit, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
from sklearn import ensemble
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from steps.dialect import TableError

SEED = 0


class Kind(NamedTuple):
    """How to make an estimator of either task, and whether it wants numbers scaled and takes sparse matrices."""

    classifier: Callable[..., Any]
    regressor: Callable[..., Any]
    options: dict[str, Any]
    scaled: bool = False
    sparse: bool = True


_SEEDED = {"random_state": SEED}
ESTIMATORS = {
    "linear": Kind(lambda: LogisticRegression(max_iter=1_000), Ridge, {}, scaled=True),
    "nearest-neighbors": Kind(KNeighborsClassifier, KNeighborsRegressor, {}, scaled=True, sparse=False),
    "decision-tree": Kind(DecisionTreeClassifier, DecisionTreeRegressor, _SEEDED),
    "random-forest": Kind(ensemble.RandomForestClassifier, ensemble.RandomForestRegressor, _SEEDED),
    "extra-trees": Kind(ensemble.ExtraTreesClassifier, ensemble.ExtraTreesRegressor, _SEEDED),
    "gradient-boosting": Kind(ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor, _SEEDED),
    "hist-gradient-boosting": Kind(
        ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor, _SEEDED, sparse=False
    ),
}


def find_estimator(name: str | None) -> Kind:
    """Look an estimator up, the linear one by default. Raises TableError that lists the names."""
    if name is not None and name not in ESTIMATORS:
        raise TableError(f"there is no estimator {name}: name one of {', '.join(ESTIMATORS)}")
    return ESTIMATORS[name or "linear"]


def build_pipeline(X: pd.DataFrame, kind: Kind, task: str, n_targets: int) -> Pipeline:
    """Make the unfitted pipeline: impute, scale or one-hot encode, then the estimator."""
    imputer = SimpleImputer(strategy="median")
    numbers = make_pipeline(imputer, StandardScaler()) if kind.scaled else imputer
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    names = list(X.select_dtypes("number"))
    others = [name for name in X.columns if name not in names]
    steps = [("numbers", numbers, names), ("categories", categories, others)]
    preprocessing = ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.3 if kind.sparse else 0)
    estimator = (kind.classifier if task == "classification" else kind.regressor)(**kind.options)
    if n_targets > 1 and not get_tags(estimator).target_tags.multi_output:
        wrap = MultiOutputClassifier if task == "classification" else MultiOutputRegressor
        estimator = wrap(estimator)
    return Pipeline([("preprocessing", preprocessing), ("estimator", estimator)])
