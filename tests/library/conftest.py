"""What the tests share; see web.py for those of serving."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

pytest_plugins = ["tests.library.web"]

SKELETON = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
sys.path.append(str(SKELETON))  # For its steps and features, where no project is.
# Other tests bake the skeleton meanwhile, with whatever lies in it.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to stand in, with the skeleton's own steps; it has no API."""
    folder = tmp_path / "project"
    for name in ("steps", "features", "data"):
        shutil.copytree(SKELETON / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


PYPROJECT = """
[project]
name = "pets"
version = "0.1.0"

[tool.modelapi]
title = "Pets"

[tool.modelapi.train]
data = "data/titanic.csv"
target = "Survived"
features = ["Age", "Sex", "Embarked"]
"""


@pytest.fixture
def pets() -> pd.DataFrame:
    """A table with a column of each type, and missing values where they may be."""
    return pd.DataFrame(
        {
            "weight": [4.5, None, 30.0, 3.9, 25.0, 5.1, 28.5, 4.0, 31.0, 4.4] * 2,
            "age": [3, 5, 2, 8, 1, 4, 6, 7, 9, 2] * 2,
            "indoor": [True, False, False, True, False, True, False, True, False, True] * 2,
            "fur": ["short", "long", "long", "short", None, "short", "long", "short", "long", "short"] * 2,
            "kind": ["cat", "dog", "dog", "cat", "dog", "cat", "dog", "cat", "dog", "cat"] * 2,
        }
    )


@pytest.fixture
def pets_csv(pets: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "pets.csv"
    pets.to_csv(path, index=False)
    return path


@pytest.fixture
def pipeline(pets: pd.DataFrame) -> Pipeline:
    """A fitted estimator of another making than that of steps/train.py."""
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["fur"]), remainder="passthrough")
    return make_pipeline(encoder, LogisticRegression()).fit(pets[["fur", "age", "indoor"]], pets["kind"])
