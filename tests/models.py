"""Fit models of many kinds and store them with a sample of rows: python models.py FOLDER [NAME…]

Runs in the environment of a generated project. For each name it writes NAME.joblib, NAME.onnx or NAME.skops,
NAME.csv, the sample, and NAME.json: the rows as records and what the model itself says of them.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import skops.io
from skl2onnx import to_onnx
from sklearn.datasets import load_iris, load_linnerud
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(sys.argv[1])
IRIS = load_iris(as_frame=True)
X = IRIS.data.set_axis(["sepal length", "sepal width", "petal length", "petal width"], axis=1)
KINDS = pd.Series(IRIS.target_names[IRIS.target], name="kind")
IS_SETOSA = KINDS == "setosa"


def store(name: str, fitted: Any, frame: pd.DataFrame = X, bare: bool = False, predicts: bool = True) -> None:
    """Store an estimator as what its name ends in, a sample, and its own answers."""
    stem, suffix = name.rsplit(".")
    taken = frame.to_numpy() if bare else frame
    if suffix == "skops":
        skops.io.dump(fitted, FOLDER / name)
    elif suffix == "onnx":
        (FOLDER / name).write_bytes(to_onnx(fitted, frame.to_numpy(dtype=np.float32)[:1]).SerializeToString())
    else:
        joblib.dump(fitted, FOLDER / name)
    frame.to_csv(FOLDER / f"{stem}.csv", index=False)
    if not predicts:
        return
    answers = np.asarray(fitted.predict(taken)).tolist()
    shares = getattr(fitted, "predict_proba", lambda _: None)(taken)
    shares = None if shares is None or isinstance(shares, list) else shares.tolist()
    content = {"records": frame.to_dict("records"), "labels": answers, "probabilities": shares}
    (FOLDER / f"{stem}.json").write_text(json.dumps(content), encoding="utf-8")


def xgboost() -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=20).fit(X, IRIS.target)


def lightgbm() -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_estimators=20, verbose=-1).fit(X, IRIS.target * 1.5)


def wrapped() -> Any:
    """Do what is said about a Booster."""
    from xgboost import XGBClassifier

    wrapped = XGBClassifier()
    wrapped.load_model(booster().save_raw())
    return wrapped


def booster() -> Any:
    import xgboost

    return xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, label=IS_SETOSA), 5)


def catboost(**options: Any) -> Any:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False, **options)


def imblearn() -> Any:
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline

    return make_pipeline(StandardScaler(), RandomOverSampler(random_state=0), LogisticRegression()).fit(X, KINDS)


def category_encoders() -> Any:
    from category_encoders import TargetEncoder

    return make_pipeline(TargetEncoder(cols=["size"]), LogisticRegression(max_iter=500)).fit(SIZES, IS_SETOSA)


def statsmodels() -> Any:
    from statsmodels.formula.api import ols

    return ols("y ~ size + Q('petal width')", SIZES.assign(y=IRIS.target)).fit()


SIZES = X.assign(size=["small", "large", "middle"] * 50)
BODIES = load_linnerud(as_frame=True)
TWO = np.column_stack([IRIS.target, IRIS.target == 1])
MAKE: dict[str, Callable[[], Any]] = {
    "bare.skops": lambda: (LogisticRegression(max_iter=500).fit(X.to_numpy(), KINDS), X, True),
    "bare_forest.joblib": lambda: (RandomForestRegressor(20, random_state=0).fit(X.to_numpy(), IRIS.target), X, True),
    "text.skops": lambda: (RandomForestClassifier(20, random_state=0).fit(X, KINDS),),
    "boolean.skops": lambda: (make_pipeline(StandardScaler(), LogisticRegression()).fit(X, IS_SETOSA),),
    "float.skops": lambda: (LogisticRegression(max_iter=500).fit(X, IRIS.target * 1.0),),
    "search.joblib": lambda: (GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [3, 5]}).fit(X, KINDS),),
    "values.skops": lambda: (Ridge().fit(BODIES.data, BODIES.target), BODIES.data),
    "labels.skops": lambda: (MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(X, TWO),),
    "graph.onnx": lambda: (LogisticRegression(max_iter=500).fit(X.to_numpy(), KINDS), X, True),
    "xgboost.joblib": lambda: (xgboost(),),
    "lightgbm.joblib": lambda: (lightgbm(),),
    "wrapped.joblib": lambda: (wrapped(),),
    "booster.joblib": lambda: (booster(), X, False, False),
    "catboost.joblib": lambda: (catboost(cat_features=["size"]).fit(SIZES, IS_SETOSA), SIZES),
    "catboost_array.joblib": lambda: (catboost().fit(X.to_numpy(), KINDS), X, True),
    "imblearn.skops": lambda: (imblearn(),),
    "category_encoders.joblib": lambda: (category_encoders(), SIZES),
    "statsmodels.joblib": lambda: (statsmodels(), SIZES[["size", "petal width"]]),
}

if __name__ == "__main__":
    for name in sys.argv[2:]:
        store(name, *MAKE[name]())
