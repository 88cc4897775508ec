"""Fitted models of many kinds are packaged by `make package`, and answer over HTTP as they do by themselves."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import FRAMEWORKS, ROOT, Installed, bake_into, succeed
from tests.server import ask, serve

MODELS = ROOT / "tests" / "models.py"
OTHERS = (
    "xgboost-cpu==3.2.0",
    "lightgbm==4.6.0",
    "catboost==1.2.10",
    "imbalanced-learn==0.14.2",
    "category_encoders==2.11.2",
    "statsmodels==0.15.0",
)
CASES = {
    "bare.skops": "onnx",
    "bare_forest.joblib": "onnx",
    "text.skops": "onnx",
    "boolean.skops": "onnx",
    "float.skops": "onnx",
    "search.joblib": "sklearn",
    "values.skops": "onnx",
    "labels.skops": "onnx",
    "graph.onnx": "onnx",
    "xgboost.joblib": "onnx",
    "lightgbm.joblib": "onnx",
    "wrapped.joblib": "onnx",
    "catboost.joblib": "sklearn",
    "catboost_array.joblib": "sklearn",
    "imblearn.skops": "sklearn",
    "category_encoders.joblib": "joblib",
    "statsmodels.joblib": "joblib",
}


@pytest.fixture(scope="session")
def with_others(shared: Path) -> Path:
    """A project in whose environment other libraries of models are installed too."""
    folder = shared / "others"
    with FileLock(shared / "others.lock", timeout=3600):
        if not (folder / "done").exists():
            project = bake_into(folder, framework="fastapi")
            succeed("uv", "venv", "--quiet", "--python", sys.executable, ".venv", cwd=project)
            pins = ("-r", "requirements/develop.txt", *OTHERS)
            succeed("uv", "pip", "install", "--quiet", "--python", ".venv/bin/python", *pins, cwd=project)
            (folder / "done").touch()
    return folder / "titanic-survival-api"


@pytest.mark.parametrize("name", CASES)
def test_a_fitted_model_answers_over_http_as_by_itself(
    installed: Installed, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    stem, suffix = name.split(".")
    if list(CASES).index(name) >= list(CASES).index("xgboost.joblib"):
        project = request.getfixturevalue("with_others")
    else:
        project = installed(FRAMEWORKS[list(CASES).index(name) % len(FRAMEWORKS)])
    succeed(".venv/bin/python", MODELS, tmp_path, name, cwd=project)

    out = succeed(
        "make",
        "package",
        f"MODEL={tmp_path / name}",
        f"SAMPLE={tmp_path / stem}.csv",
        *(["ALLOW_PICKLE=1"] if suffix == "joblib" else []),
        cwd=project,
        MODEL_DIR=str(tmp_path / "artifacts"),
    )

    assert f"Engine {CASES[name]}: " in out
    own = json.loads((tmp_path / f"{stem}.json").read_text(encoding="utf-8"))
    allowed = {"ALLOW_PICKLE": "1"} if CASES[name] == "joblib" else {}
    with serve(project, MODEL_DIR=str(tmp_path / "artifacts"), **allowed) as port:
        answer = predict(port, own["records"], probabilities=own["probabilities"] is not None)
    expected = [row if isinstance(row, list) else [row] for row in own["labels"]]
    labels = [list(row.values()) if isinstance(row, dict) else [row] for row in answer["prediction"]]
    if stem in ("bare_forest", "values", "lightgbm", "statsmodels"):
        for row, other in zip(expected, labels, strict=True):
            assert other == pytest.approx(row, rel=1e-6)
    else:
        assert json.dumps(labels) == json.dumps(expected)
    for row, shares in zip(own["probabilities"] or [], answer.get("probability", []), strict=True):
        assert list(shares.values()) == pytest.approx(row, rel=1e-4, abs=1e-7)


def test_a_booster_is_refused_with_how_to_wrap_it(with_others: Path, tmp_path: Path) -> None:
    succeed(".venv/bin/python", MODELS, tmp_path, "booster.joblib", cwd=with_others)

    done = subprocess.run(
        [".venv/bin/modelapi", "package", f"--model={tmp_path}/booster.joblib", f"--sample={tmp_path}/booster.csv"],
        cwd=with_others,
        env={**os.environ, "ALLOW_PICKLE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.stderr == (
        "Not packaged: the model is a Booster of xgboost, which takes no table: wrap it, as in "
        "wrapped = XGBClassifier(); wrapped.load_model(booster.save_raw()) (or XGBRegressor), and store that\n"
    )


def predict(port: int, records: list[dict[str, Any]], probabilities: bool) -> dict[str, Any]:
    target = "/predict?probabilities=true" if probabilities else "/predict"
    status, _, body = ask(port, "POST", target, {"Content-Type": "application/json"}, json.dumps(records).encode())
    assert status == 200, body
    content: dict[str, Any] = json.loads(body)
    return content


OWN = {
    "a regression on dates and text": """
import pandas as pd
days = pd.date_range("2024-01-01", periods=300)
table = pd.DataFrame({"day": days.strftime("%d.%m.%Y"), "sky": ["clear", "rain", None] * 100})
table["wet"] = [True, False] * 150
table["warmth"] = days.month * 1.5 + (table["sky"] == "clear") * 3 + table.index % 7
table.to_csv("own.csv", index=False)
""",
    "a hundred columns of any name": """
import numpy as np, pandas as pd
numbers = np.random.default_rng(0).normal(size=(200, 100))
table = pd.DataFrame(numbers, columns=[f"größe/~ '{at}' %" for at in range(100)])
table["farbe 📊"] = np.where(numbers[:, 0] > 0, "grün", "日本")
table["müde"] = np.where(numbers[:, 1] > 0, "schläfrig", "wach")
table.to_csv("own.csv", index=False)
""",
    "several targets of a bare array": """
import joblib, numpy as np, pandas as pd
from sklearn.ensemble import RandomForestRegressor
X = np.random.default_rng(0).normal(size=(60, 3))
joblib.dump(RandomForestRegressor(5).fit(X, X[:, :2] ** 2), "own.joblib")
pd.DataFrame(X, columns=["a b", "c/d", "é"]).to_csv("own.csv", index=False)
""",
    "three labels of encoded numbers": """
import pandas as pd, skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
X = pd.DataFrame({"level": [1, 2, 3] * 20, "kind": ["x", "y"] * 30})
skops.io.dump(make_pipeline(OneHotEncoder(), LinearSVC()).fit(X, ["low", "mid", "high"] * 20), "own.skops")
X.to_csv("own.csv", index=False)
""",
}
VERBS: dict[str, tuple[str, ...]] = {
    "a regression on dates and text": ("train", "DATA=own.csv", "TARGET=warmth", "ESTIMATOR=random-forest"),
    "a hundred columns of any name": ("train", "DATA=own.csv", "TARGET=müde", "ENGINE=sklearn"),
    "several targets of a bare array": ("package", "MODEL=own.joblib", "SAMPLE=own.csv", "ALLOW_PICKLE=1"),
    "three labels of encoded numbers": ("package", "MODEL=own.skops", "SAMPLE=own.csv", "ENGINE=sklearn"),
}


@pytest.mark.parametrize("name", OWN)
def test_docs_and_tests_are_right_after_any_model(project: Callable[..., Path], name: str) -> None:
    folder = project(FRAMEWORKS[list(OWN).index(name) % len(FRAMEWORKS)])
    succeed(".venv/bin/python", "-c", OWN[name], cwd=folder)

    succeed("make", *VERBS[name], cwd=folder)

    (folder / "data" / "titanic.csv").unlink()
    succeed("make", "api-key", "NAME=ada", cwd=folder)
    succeed("make", "docs", "test", cwd=folder)
