"""What `make train` fits: change the pipeline here; the rest, from reading the table to the package, is modelapi's."""

from typing import Any

import pandas as pd
from modelapi.train import Task, text_columns, train
from sklearn import ensemble
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

SEED = {"random_state": 0}
# By name, as in ESTIMATOR=random-forest: what predicts labels, and what predicts quantities.
ESTIMATORS: dict[str, tuple[Any, Any]] = {
    "linear": (LogisticRegression(max_iter=1_000), Ridge()),
    "nearest-neighbors": (KNeighborsClassifier(), KNeighborsRegressor()),
    "decision-tree": (DecisionTreeClassifier(**SEED), DecisionTreeRegressor(**SEED)),
    "random-forest": (ensemble.RandomForestClassifier(**SEED), ensemble.RandomForestRegressor(**SEED)),
    "extra-trees": (ensemble.ExtraTreesClassifier(**SEED), ensemble.ExtraTreesRegressor(**SEED)),
    "gradient-boosting": (ensemble.GradientBoostingClassifier(**SEED), ensemble.GradientBoostingRegressor(**SEED)),
    "hist-gradient-boosting": (
        ensemble.HistGradientBoostingClassifier(**SEED),
        ensemble.HistGradientBoostingRegressor(**SEED),
    ),
}
SCALED = ("linear", "nearest-neighbors")  # These compare numbers with each other,
DENSE = ("nearest-neighbors", "hist-gradient-boosting")  # and these take no sparse matrix, or gain nothing by one.


def build_pipeline(X: pd.DataFrame, task: Task, estimator: str = "linear") -> Pipeline:
    """Make the unfitted pipeline for a table of features: impute, scale, encode or count words, then the estimator."""
    numbers, texts = list(X.select_dtypes("number")), text_columns(X)
    others = [name for name in X.columns if name not in (*numbers, *texts)]
    words = TfidfVectorizer(min_df=2, max_features=1_000, sublinear_tf=True)
    impute = SimpleImputer(strategy="median")
    gap = SimpleImputer(strategy="constant", fill_value="missing")  # Often a gap tells as much as a category.
    encode = make_pipeline(gap, OneHotEncoder(handle_unknown="ignore"))
    steps = [
        ("numbers", make_pipeline(impute, StandardScaler()) if estimator in SCALED else impute, numbers),
        ("categories", encode, others),
        *[(f"text {place}", words, name) for place, name in enumerate(texts)],
    ]
    preprocessing = ColumnTransformer(
        [step for step in steps if step[2]], sparse_threshold=0 if estimator in DENSE else 0.3
    )
    labels, quantities = ESTIMATORS[estimator]
    last = labels if task == "classification" else quantities
    return Pipeline([("preprocessing", preprocessing), ("estimator", clone(last))])


if __name__ == "__main__":
    train(build_pipeline, estimators=ESTIMATORS)
