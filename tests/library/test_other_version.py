"""`make package` of what another scikit-learn stored: its version is found, and an environment with it converts."""

import argparse
import io
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn.base
import skops.io
from modelapi import package
from modelapi.engines import EngineError
from modelapi.packaging import environments
from modelapi.packaging.fitted import main
from modelapi.packaging.other_version import package_there
from modelapi.packaging.stored_version import installed, other_version, stored_version
from modelapi.records.cells import CellParser
from modelapi.settings import PackageSettings
from sklearn.pipeline import Pipeline

OLD = "1.5.2" if sys.version_info < (3, 14) else "1.7.2"  # For which there is no wheel of the former.


def joblib_dumps(estimator: Any, compress: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(estimator, file, compress=compress)
    return file.getvalue()


@pytest.mark.parametrize(
    "dumps",
    [
        *(lambda one, protocol=protocol: pickle.dumps(one, protocol) for protocol in (2, 3, 4, 5)),
        *(lambda one, packer=packer: joblib_dumps(one, packer) for packer in (0, "zlib", "gzip", "bz2", "xz", "lzma")),
        skops.io.dumps,
    ],
)
def test_the_version_that_stored_a_model_is_found(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, dumps: Callable[[Any], bytes]
) -> None:
    assert stored_version(dumps(pipeline)) == installed()
    assert other_version(dumps(pipeline)) is None

    monkeypatch.setattr(sklearn.base, "__version__", "1.4.1.post1")

    assert other_version(dumps(pipeline)) == "1.4.1.post1"


def test_patch_releases_read_each_others_models(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    patch = installed().rpartition(".")[0] + ".99"
    monkeypatch.setattr(sklearn.base, "__version__", patch)

    assert other_version(pickle.dumps(pipeline)) is None
    assert other_version(pickle.dumps(pipeline), patch) == patch
    assert other_version(pickle.dumps(pipeline), "installed") is None


STORE = """
import joblib, pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
pets = pd.read_csv("pets.csv")
columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["fur"]), remainder="passthrough")
fitted = make_pipeline(columns, RandomForestClassifier(5, random_state=0)).fit(pets[["fur", "age"]], pets["kind"])
joblib.dump(fitted, "my.joblib")
print(*fitted.predict(pets))
"""


def test_a_model_of_another_version_is_served_as_a_graph(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pets: Any
) -> None:
    python = environments.make(tmp_path / "old", OLD, [f"scikit-learn=={OLD}", "pandas"])
    pets[["fur", "age", "kind"]].to_csv(project / "pets.csv", index=False)
    stored = subprocess.run([python, "-c", STORE], cwd=project, capture_output=True, check=True, timeout=300, text=True)
    monkeypatch.setenv("ALLOW_PICKLE", "1")

    main(["--model=my.joblib", "--sample=pets.csv"])

    model = package.load(package.current(project / "artifacts"))
    assert model.manifest.engine == "onnx"
    assert f"with scikit-learn {OLD}" in model.manifest.reason
    assert f"one of scikit-learn {OLD}, not {installed()}" in capsys.readouterr().out
    rows = pets[["fur", "age"]].astype(object).where(pets[["fur", "age"]].notna(), "").astype(str)
    columns = CellParser(model.signature.features, ["fur", "age"]).parse(rows.to_numpy().tolist())
    assert model.engine.predict(columns).labels[0].tolist() == stored.stdout.split()


def test_no_environment_is_made_for_a_pickle_that_nobody_allowed(
    tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sklearn.base, "__version__", OLD)
    joblib.dump(pipeline, tmp_path / "my.joblib")

    with pytest.raises(SystemExit, match="is a pickle"):
        main([f"--model={tmp_path / 'my.joblib'}", "--sample=rows.csv"])

    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "engine", "line"),
    [
        ("1.0.2", None, f"1.2 is the oldest that is packaged: fit it again with scikit-learn {installed()}"),
        (OLD, "sklearn", "is served by onnx only"),
    ],
)
def test_what_cannot_be_converted_is_refused_in_one_line(version: str, engine: str | None, line: str) -> None:
    options = argparse.Namespace(engine=engine)

    with pytest.raises(EngineError, match=line):
        package_there(version, b"", options, PackageSettings.model_construct())


def test_an_index_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_NO_CACHE": "1",
        "UV_HTTP_RETRIES": "0",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(EngineError, match=f"the package index that has scikit-learn {OLD} does not answer"):
        environments.make(tmp_path / "old", OLD, [f"scikit-learn=={OLD}"])


def test_the_older_python_that_has_wheels_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "FIRST_FOR_PYTHON", {3: (99,)})

    with pytest.raises(EngineError, match=f"scikit-learn {OLD} has wheels up to Python 3.2, which is not found"):
        environments.make(tmp_path / "old", OLD, [f"scikit-learn=={OLD}"])
