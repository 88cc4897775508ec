"""Fit estimators on the passengers of the Titanic and package them: python zoo.py FOLDER NAME…

Runs in the environment and the folder of a generated project. For each name it writes FOLDER/NAME/: the
artifacts, 200 rows that were held out, and what the estimator itself says of them; or the reason of a refusal.
Without names it lists all estimators by kind.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import decomposition, linear_model, tree
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils import all_estimators

sys.path.insert(0, ".")
from modelapi import outputs, package
from modelapi.engines import EngineError, everything
from modelapi.packaging.engine_choice import package_model
from modelapi.packaging.fitted import count_outputs
from modelapi.packaging.outputs import output_names
from modelapi.records.parser import RecordParser
from modelapi.settings import PackageSettings
from modelapi.training.features import SignatureError, infer, read_features, to_columns, transforms

NUMBERS = ["Age", "SibSp", "Parch"]
CATEGORIES = ["Pclass", "Sex", "Embarked"]
HELD_OUT = 200
FEW = 300  # Rows for kinds, some of which take time with the square of it.
SEVERAL = ("MultiOutput", "MultiTask", "ClassifierChain", "RegressorChain")  # They want several targets.
NOT_NEGATIVE = (
    "AdditiveChi2Sampler",
    "CategoricalNB",
    "ComplementNB",
    "LatentDirichletAllocation",
    "MiniBatchNMF",
    "MultinomialNB",
    "NMF",
    "SkewedChi2Sampler",
)
IN_PROCESS = ("outlier", "cluster", "transform")  # What these answer over HTTP is tested by a model of each.
# They take one column, text, dicts, labels, images or what another estimator has made.
NO_TABLE = (
    "CountVectorizer",
    "DictVectorizer",
    "FeatureHasher",
    "HashingVectorizer",
    "IsotonicRegression",
    "KernelCenterer",
    "LabelBinarizer",
    "LabelEncoder",
    "MultiLabelBinarizer",
    "PatchExtractor",
    "SparseCoder",
    "TfidfVectorizer",
)
logistic, ridge = linear_model.LogisticRegression(max_iter=1_000), linear_model.Ridge()
small_tree, small_regression_tree = tree.DecisionTreeClassifier(max_depth=4), tree.DecisionTreeRegressor(max_depth=4)
OPTIONS: dict[str, dict[str, Any]] = {
    "BernoulliRBM": {"n_components": 3},
    "BayesianGaussianMixture": {"n_components": 3},
    "BisectingKMeans": {"n_clusters": 3},
    "ColumnTransformer": {"transformers": [("scaled", MinMaxScaler(), slice(0, 3))], "remainder": "passthrough"},
    "DictionaryLearning": {"n_components": 3, "max_iter": 5},
    "FactorAnalysis": {"n_components": 3},
    "FastICA": {"n_components": 3},
    "FeatureUnion": {"transformer_list": [("pca", decomposition.PCA(2)), ("scaler", MinMaxScaler())]},
    "FrozenEstimator": {"estimator": FunctionTransformer().fit([[1.0]])},
    "GaussianMixture": {"n_components": 3},
    "GaussianRandomProjection": {"n_components": 3},
    "GenericUnivariateSelect": {"mode": "k_best", "param": 3},
    "GraphicalLassoCV": {"alphas": [0.5, 1.0], "cv": 2},
    "GridSearchCV": {"estimator": logistic, "param_grid": {"C": [0.1, 1.0]}},
    "IncrementalPCA": {"n_components": 3},
    "KBinsDiscretizer": {"quantile_method": "averaged_inverted_cdf"},
    "KMeans": {"n_clusters": 3},
    "KernelPCA": {"n_components": 3, "kernel": "rbf"},
    "LocalOutlierFactor": {"novelty": True},
    "MiniBatchDictionaryLearning": {"n_components": 3, "max_iter": 5},
    "MiniBatchKMeans": {"n_clusters": 3},
    "MiniBatchNMF": {"n_components": 3},
    "MiniBatchSparsePCA": {"n_components": 3},
    "MissingIndicator": {"features": "all"},
    "NMF": {"n_components": 3},
    "NeighborhoodComponentsAnalysis": {"n_components": 3, "max_iter": 5},
    "Nystroem": {"n_components": 5},
    "OneHotEncoder": {"handle_unknown": "ignore"},
    "OrdinalEncoder": {"handle_unknown": "use_encoded_value", "unknown_value": -1},
    "PCA": {"n_components": 3},
    "PLSSVD": {"n_components": 1},
    "Pipeline": {"steps": [("pca", decomposition.PCA(3)), ("linear", logistic)]},
    "PolynomialCountSketch": {"n_components": 8},
    "QuantileTransformer": {"n_quantiles": 50},
    "RBFSampler": {"n_components": 5},
    "RFE": {"estimator": logistic},
    "RFECV": {"estimator": logistic},
    "RadiusNeighborsTransformer": {"radius": 4.0},
    "RandomTreesEmbedding": {"n_estimators": 5, "max_depth": 3},
    "RandomizedSearchCV": {"estimator": logistic, "param_distributions": {"C": [0.1, 1.0]}, "n_iter": 2},
    "SelectFromModel": {"estimator": logistic},
    "SequentialFeatureSelector": {"estimator": ridge, "n_features_to_select": 2, "cv": 2},
    "SkewedChi2Sampler": {"n_components": 5},
    "SparsePCA": {"n_components": 3, "max_iter": 20},
    "SparseRandomProjection": {"n_components": 3},
    "SpectralBiclustering": {"n_clusters": 3},
    "SpectralClustering": {"n_clusters": 3},
    "SpectralCoclustering": {"n_clusters": 3},
    "TSNE": {"max_iter": 250, "method": "exact"},
    "TruncatedSVD": {"n_components": 3},
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
    classes = dict(all_estimators())
    regressors = dict(all_estimators("regressor"))
    others = kinds()["other"]
    table = pd.read_csv("data/titanic.csv").dropna(subset=["Embarked", "Fare"])
    table = table.sample(frac=1, random_state=0, ignore_index=True)
    X = table[[*NUMBERS, *CATEGORIES]]
    for name in names:
        is_regressor = name in regressors
        y = table["Fare"] + 1.0 if is_regressor else table["Survived"]
        if name.startswith(SEVERAL):
            y = pd.DataFrame({"one": y, "other": np.sqrt(y) if is_regressor else 1 - y})
        own = folder / name
        own.mkdir(parents=True)
        some = slice(-HELD_OUT - FEW, None) if name in others else slice(None)
        content = case(own, build(name, classes[name]), X[some], y[some])
        (own / "case.json").write_text(json.dumps(content), encoding="utf-8")


def kinds() -> dict[str, list[str]]:
    """List all estimators that take a table, by kind."""
    found = {kind: [name for name, _ in all_estimators(kind)] for kind in ("classifier", "regressor")}
    known = {*found["classifier"], *found["regressor"], *NO_TABLE}
    found["other"] = [name for name, _ in all_estimators() if name not in known]
    return {kind: [name for name in names if name not in NO_TABLE] for kind, names in found.items()}


def build(name: str, cls: type) -> Any:
    """Make an unfitted pipeline that imputes, encodes and asks the estimator."""
    options = OPTIONS.get(name, {})
    if "random_state" in getattr(cls, "_parameter_constraints", {}):
        options = options | {"random_state": 0}
    scaler = MinMaxScaler(clip=True) if name in NOT_NEGATIVE else StandardScaler()
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), scaler), NUMBERS),
            ("categories", make_pipeline(SimpleImputer(strategy="most_frequent"), encoder), CATEGORIES),
        ]
    )
    return make_pipeline(columns, cls(**options))


def case(own: Path, pipeline: Any, X: pd.DataFrame, y: Any) -> dict[str, Any]:
    """Fit, package and note the answers on rows that were held out."""
    train, test = X.iloc[:-HELD_OUT], X.iloc[-HELD_OUT:]
    pipeline.fit(train, y.iloc[:-HELD_OUT])
    features = read_features(train)
    names = list(y.columns) if isinstance(y, pd.DataFrame) else [y.name]
    settings = PackageSettings(model_dir=own / "artifacts")
    try:
        n_outputs = count_outputs(pipeline, train)
        if transforms(pipeline):
            names = output_names(pipeline, train, n_outputs)
        signature = infer(features, names, pipeline, len(train))
        manifest = package_model(pipeline, to_columns(train, features), signature, metrics={}, settings=settings)
    except (EngineError, SignatureError) as error:
        return {"refused": str(error)}
    answered = predict(own / "artifacts", test) if signature.task in IN_PROCESS else None
    shares = pipeline.predict_proba(test) if signature.probabilities else []
    labels = answers(pipeline, test)
    if signature.task == "multilabel":  # Which a chain answers as floats.
        labels = labels.astype(int)
    if len(names) > 1 and isinstance(shares, np.ndarray):  # How likely each label is to be 1.
        shares = [np.column_stack([1 - likely, likely]) for likely in shares.T]
    return {
        "engine": manifest.engine,
        "reason": manifest.reason,
        "records": json.loads(test.to_json(orient="records")),
        "labels": labels.reshape(HELD_OUT, -1).tolist(),
        "answered": answered,
        "probabilities": [np.asarray(one).tolist() for one in (shares if isinstance(shares, list) else [shares])],
    }


def answers(pipeline: Any, X: pd.DataFrame) -> np.ndarray[Any, Any]:
    """What is predicted or, of transformers, what rows become."""
    if hasattr(pipeline, "predict"):
        return np.asarray(pipeline.predict(X))
    columns = pipeline.transform(X)
    return np.asarray(columns.toarray() if hasattr(columns, "toarray") else columns, dtype=float)


def predict(artifacts: Path, X: pd.DataFrame) -> dict[str, list[Any]]:
    """What a package answers, as POST /predict does."""
    model = package.load(package.current(artifacts))
    columns = RecordParser(model.signature).parse_json(X.to_json(orient="records").encode())
    wanted = everything(model.signature)
    return outputs.members(model.engine.predict(columns, wanted), model.signature, wanted)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) == 1:
        print(json.dumps(kinds()))
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
