"""Fit estimators on the passengers of the Titanic and package them: python zoo.py FOLDER NAME…

Runs in the environment and the folder of a generated project. For each name it writes FOLDER/NAME/: the
artifacts, 200 rows that were held out, and what the estimator itself says of them; or the reason of a refusal.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import linear_model, tree
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils import all_estimators

sys.path.insert(0, ".")
from modelapi.engines import EngineError
from modelapi.packaging.engine_choice import package_model
from modelapi.settings import PackageSettings
from modelapi.training.features import SignatureError, infer, read_features, to_columns

NUMBERS = ["Age", "SibSp", "Parch"]
CATEGORIES = ["Pclass", "Sex", "Embarked"]
HELD_OUT = 200
SEVERAL = ("MultiOutput", "MultiTask", "ClassifierChain", "RegressorChain")  # They want several targets.
NOT_NEGATIVE = ("MultinomialNB", "ComplementNB", "CategoricalNB")
logistic, ridge = linear_model.LogisticRegression(max_iter=1_000), linear_model.Ridge()
small_tree, small_regression_tree = tree.DecisionTreeClassifier(max_depth=4), tree.DecisionTreeRegressor(max_depth=4)
OPTIONS: dict[str, dict[str, Any]] = {
    "CCA": {"n_components": 1},
    "CategoricalNB": {"min_categories": 3},
    "ClassifierChain": {"estimator": logistic},
    "FixedThresholdClassifier": {"estimator": logistic, "threshold": 0.3},
    "GaussianProcessRegressor": {"alpha": 1.0},
    "MLPClassifier": {"max_iter": 60},
    "MLPRegressor": {"max_iter": 60},
    "MultiOutputClassifier": {"estimator": logistic},
    "MultiOutputRegressor": {"estimator": ridge},
    "NuSVC": {"nu": 0.4},
    "OneVsOneClassifier": {"estimator": logistic},
    "OneVsRestClassifier": {"estimator": logistic},
    "OutputCodeClassifier": {"estimator": logistic},
    "PLSCanonical": {"n_components": 1},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "RadiusNeighborsClassifier": {"radius": 4.0, "outlier_label": "most_frequent"},
    "RadiusNeighborsRegressor": {"radius": 4.0},
    "RegressorChain": {"estimator": ridge},
    "SelfTrainingClassifier": {"estimator": logistic},
    "StackingClassifier": {"estimators": [("linear", logistic), ("tree", small_tree)]},
    "StackingRegressor": {"estimators": [("linear", ridge), ("tree", small_regression_tree)]},
    "TheilSenRegressor": {"max_subpopulation": 200},
    "TransformedTargetRegressor": {"regressor": ridge, "func": np.log1p, "inverse_func": np.expm1},
    "TunedThresholdClassifierCV": {"estimator": logistic},
    "VotingClassifier": {"estimators": [("linear", logistic), ("tree", small_tree)], "voting": "soft"},
    "VotingRegressor": {"estimators": [("linear", ridge), ("tree", small_regression_tree)]},
}


def main(folder: Path, names: list[str]) -> None:
    """Package each estimator, or note why not."""
    kinds = {name: (kind, cls) for kind in ("classifier", "regressor") for name, cls in all_estimators(kind)}
    table = pd.read_csv("data/titanic.csv").dropna(subset=["Embarked", "Fare"])
    table = table.sample(frac=1, random_state=0, ignore_index=True)
    X = table[[*NUMBERS, *CATEGORIES]]
    for name in names:
        kind, cls = kinds[name]
        y = table["Survived"] if kind == "classifier" else table["Fare"] + 1.0
        if name.startswith(SEVERAL):
            y = pd.DataFrame({"one": y, "other": 1 - y if kind == "classifier" else np.sqrt(y)})
        own = folder / name
        own.mkdir(parents=True)
        (own / "case.json").write_text(json.dumps(case(own, build(name, cls), X, y)), encoding="utf-8")


def build(name: str, cls: type) -> Any:
    """Make an unfitted pipeline that imputes, encodes and asks the estimator."""
    options = OPTIONS.get(name, {})
    if "random_state" in getattr(cls, "_parameter_constraints", {}):
        options = options | {"random_state": 0}
    scaler = MinMaxScaler(clip=True) if name in NOT_NEGATIVE else StandardScaler()
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    preprocessing = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), scaler), NUMBERS),
            ("categories", make_pipeline(SimpleImputer(strategy="most_frequent"), encoder), CATEGORIES),
        ]
    )
    return make_pipeline(preprocessing, cls(**options))


def case(own: Path, pipeline: Any, X: pd.DataFrame, y: Any) -> dict[str, Any]:
    """Fit, package and note the answers on rows that were held out."""
    train, test = X.iloc[:-HELD_OUT], X.iloc[-HELD_OUT:]
    pipeline.fit(train, y.iloc[:-HELD_OUT])
    features = read_features(train)
    names = list(y.columns) if isinstance(y, pd.DataFrame) else [y.name]
    settings = PackageSettings(model_dir=own / "artifacts")
    try:
        signature = infer(features, names, pipeline, len(train))
        manifest = package_model(pipeline, to_columns(train, features), signature, metrics={}, settings=settings)
    except (EngineError, SignatureError) as error:
        return {"refused": str(error)}
    shares = pipeline.predict_proba(test) if signature.probabilities else []
    if len(names) > 1 and isinstance(shares, np.ndarray):  # How likely each label is to be 1.
        shares = [np.column_stack([1 - likely, likely]) for likely in shares.T]
    return {
        "engine": manifest.engine,
        "reason": manifest.reason,
        "records": json.loads(test.to_json(orient="records")),
        "labels": np.asarray(pipeline.predict(test)).reshape(HELD_OUT, -1).tolist(),
        "probabilities": [np.asarray(one).tolist() for one in (shares if isinstance(shares, list) else [shares])],
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) == 2:
        print(*sorted(name for kind in ("classifier", "regressor") for name, _ in all_estimators(kind)))
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
