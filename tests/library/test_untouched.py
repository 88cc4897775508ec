"""What HTTP answers is what the user's own object says of the user's own rows, loaded in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from modelapi.packaging import package as package_live
from modelapi.packaging.fitted import main
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from threadpoolctl import threadpool_limits

from tests.library.web import MakeClient

FUR = ["short", None, "long", "short", None, "curly"] * 4
KIND = ["cat", "dog", "cat", "dog", "dog", "cat"] * 4


def column(values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"fur": pd.Series(values, dtype=object)})


NONE, NAN = column(FUR), column([np.nan if value is None else value for value in FUR])
MIXED = pd.DataFrame({"fur": pd.Series(FUR, dtype=object), "age": range(24)})
NUMBERS = column([1, None, 3, 2] * 6)
GAP = {"strategy": "constant", "fill_value": "gap"}
DICTS = [{key: value for key, value in row.items() if value is not None} for row in MIXED.to_dict("records")]
ARROW = MIXED.fillna("none").convert_dtypes(dtype_backend="pyarrow")
ARROW_GAPS = pd.DataFrame({"weight": [1, None, 3] * 8, "age": range(24)}).convert_dtypes(dtype_backend="pyarrow")
arrow = make_column_transformer((OneHotEncoder(), ["fur"]), remainder="passthrough")

MODELS: dict[str, tuple[Any, Any, pd.DataFrame]] = {
    "one hot None": (OneHotEncoder(), NONE, NONE),
    "one hot NaN": (OneHotEncoder(), NAN, NAN),
    "one hot, others ignored": (OneHotEncoder(handle_unknown="ignore"), NONE, NONE),
    "ordinal None": (OrdinalEncoder(), NONE, NONE),
    "ordinal NaN": (OrdinalEncoder(encoded_missing_value=-1), NAN, NAN),
    "None imputed": (make_pipeline(SimpleImputer(missing_values=None, **GAP), OneHotEncoder()), NONE, NONE),
    "NaN imputed": (make_pipeline(SimpleImputer(**GAP), OneHotEncoder()), NAN, NAN),
    "numbers with None": (SimpleImputer(missing_values=None, strategy="most_frequent"), NUMBERS, NUMBERS),
    "None in an array": (OneHotEncoder(), NONE.to_numpy(), NONE),
    "dicts": (DictVectorizer(), DICTS, MIXED),
    "Arrow's types": (arrow, ARROW, ARROW),
    "Arrow's gaps": ("passthrough", ARROW_GAPS, ARROW_GAPS),
}
PREDICT = """
import json, joblib
models = joblib.load("models.joblib")
print(json.dumps({name: [m.predict(X).tolist(), m.predict_proba(X).tolist()] for name, (m, X) in models.items()}))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each model as it was fitted, and in answers.json what they say of the rows by themselves."""
    folder = tmp_path_factory.mktemp("models")
    fitted = {}
    for name, (first, X, _) in MODELS.items():
        last = HistGradientBoostingClassifier(min_samples_leaf=2) if name == "Arrow's gaps" else LogisticRegression()
        fitted[name] = (make_pipeline(first, last).fit(X, KIND), X)
        joblib.dump(fitted[name][0], folder / f"{name}.joblib")
    joblib.dump(fitted, folder / "models.joblib")
    answers = subprocess.run([sys.executable, "-c", PREDICT], cwd=folder, check=True, stdout=subprocess.PIPE)
    (folder / "answers.json").write_bytes(answers.stdout)
    return folder


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", MODELS)
def test_http_answers_as_the_object_does_by_itself(
    models: Path, make: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("ALLOW_PICKLE", "1")
    labels, shares = json.loads((models / "answers.json").read_bytes())[name]
    rows, sample = MODELS[name][2], tmp_path / f"sample.{form}"
    if form == "csv":
        rows.to_csv(sample, index=False)
    else:
        rows.to_parquet(sample)

    main([f"--model={models / f'{name}.joblib'}", f"--sample={sample}"])
    client = make(model_dir=tmp_path, allow_pickle=True)
    answer = client.post("/predict?probabilities=true", json=json.loads(rows.to_json(orient="records"))).json()

    assert answer["prediction"] == labels
    np.testing.assert_allclose([[*row.values()] for row in answer["probability"]], shares, rtol=1e-9)


def test_two_gaps_that_are_one_null_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("ALLOW_PICKLE", "1")
    X = column(["short", None, np.nan, "long"] * 6)
    joblib.dump(make_pipeline(OneHotEncoder(), LogisticRegression()).fit(X, KIND), tmp_path / "my.joblib")
    X.to_csv(tmp_path / "sample.csv", index=False)

    with pytest.raises(SystemExit, match="the encoder of column fur knows None and NaN as two categories"):
        main([f"--model={tmp_path / 'my.joblib'}", f"--sample={tmp_path / 'sample.csv'}"])


def test_of_neighbours_at_one_distance_the_same_are_taken_whatever_number_of_rows_and_threads(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLAIN", "0")
    X, y = make_multilabel_classification(300, 4, random_state=0)  # Of whole numbers, among which many are alike.

    with threadpool_limits(2):
        version = package_live(KNeighborsClassifier(algorithm="brute").fit(X, y[:, 0]), X, engine="sklearn")

    assert (project / "artifacts" / version).is_dir()
