"""skops files of scikit-learn's own parts are served, with the functions that these hold, and with no others."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from modelapi.engines import EngineError
from modelapi.engines.functions import FUNCTIONS
from modelapi.engines.sklearn_engine import read
from modelapi.engines.trust import is_trusted
from modelapi.package import current, load
from modelapi.packaging.fitted import main
from modelapi.training.features import to_columns
from sklearn.cluster import BisectingKMeans, FeatureAgglomeration
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer

X = pd.DataFrame({"age": range(30), "size": np.arange(30) % 7, "fur": ["long", "short", "curly"] * 10})
y = np.arange(30) % 2
NUMBERS, LABELLED = X[["age", "size"]], X.astype({"fur": "category"})
STEPS = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2, categorical_features="from_dtype")


def encode(columns: Any) -> Any:
    return make_pipeline(
        make_column_transformer((OneHotEncoder(), columns), remainder="passthrough"), LogisticRegression(max_iter=500)
    )


MODELS: dict[str, tuple[Any, pd.DataFrame]] = {
    "select": (make_pipeline(SelectKBest(k=1), LogisticRegression()), NUMBERS),
    "splines": (make_pipeline(SplineTransformer(), LogisticRegression()), NUMBERS),
    "agglomeration": (make_pipeline(FeatureAgglomeration(2), LogisticRegression()), NUMBERS),
    "bisecting": (BisectingKMeans(2, random_state=0), NUMBERS),
    "categories": (STEPS, LABELLED),
    "clipped": (
        make_pipeline(FunctionTransformer(np.clip, kw_args={"min": 1, "max": 9}), LogisticRegression()),
        NUMBERS,
    ),
    "negative place": (encode([-1]), X),
    "mask": (encode([False, False, True]), X),
    "callable": (encode(make_column_selector(dtype_exclude="number")), X),
    "search": (GridSearchCV(LogisticRegression(), {"C": [1.0]}, scoring="f1", cv=2), NUMBERS),
    "metric": (KNeighborsClassifier(3, metric="manhattan"), NUMBERS),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_skops_file_of_scikit_learns_own_parts_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    estimator, frame = MODELS[name]
    fitted = estimator.fit(frame, y)
    skops.io.dump(fitted, tmp_path / "my.skops")
    frame.to_parquet(tmp_path / "sample.parquet")

    main([f"--model={tmp_path / 'my.skops'}", f"--sample={tmp_path / 'sample.parquet'}", "--engine=sklearn"])

    model = load(current(tmp_path / "artifacts"))
    labels = model.engine.predict(to_columns(frame, model.signature.features)).labels[0]
    assert labels.tolist() == fitted.predict(frame).tolist()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_each_function_is_looked_up_and_never_called(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    function = getattr(import_module(module), attribute)

    restored = read(skops.io.dumps(FunctionTransformer(function)))

    assert restored.func is function
    assert is_trusted(name, called=False)
    assert not is_trusted(name, called=True)


def test_each_scorer_of_a_search_is_known() -> None:
    used = {get_scorer(name)._score_func for name in get_scorer_names()}

    assert {f"{one.__module__}.{one.__qualname__}" for one in used} <= FUNCTIONS


@pytest.mark.parametrize(
    "function", [np.save, np.load, np.fromfile, print, import_module("sklearn.datasets").load_files]
)
def test_no_other_function_is(function: Any) -> None:
    with pytest.raises(EngineError, match="does not load safely"):
        read(skops.io.dumps(FunctionTransformer(function)))
