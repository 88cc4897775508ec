"""A transformer of the owner's is packaged and served without a pickle, if it is where the image finds it."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, run, succeed
from tests.owner.conftest import edit, open_api

FAMILIES = '''"""Families."""

from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


class Ages(TransformerMixin, BaseEstimator):
    """Tells children from others."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn nothing."""
        self.fitted_ = True
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column."""
        return X.assign(Child=(X["Age"] < 16).astype(float))
'''

IMPORT = "from {home}.families import Ages\n"


def own_transformer(home: str) -> Callable[[Path, str], None]:
    """Put it into a folder, and use it in the pipeline."""

    def change(project: Path, _framework: str) -> None:
        (project / home / "families.py").write_text(FAMILIES, encoding="utf-8")
        train = project / "steps" / "train.py"
        edit(
            train, "from sklearn import ensemble\n", f"from {home}.families import Ages\nfrom sklearn import ensemble\n"
        )
        edit(train, 'return Pipeline([("preprocessing"', 'return Pipeline([("ages", Ages()), ("preprocessing"')
        edit(train, "numbers, texts = list(", "X = Ages().fit(X).transform(X)\n    numbers, texts = list(")
        shutil.rmtree(project / "artifacts")

    return change


@pytest.fixture(scope="module")
def packaged(own: Callable[..., Path]) -> tuple[Path, str]:
    """Train with it; returns the folder of packages, and what was printed."""
    project = own("fastapi", own_transformer("features"))
    printed = succeed("make", "train", cwd=project)
    return project / "artifacts", printed


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_transformer_in_features_is_served_without_a_pickle(
    own: Callable[..., Path], packaged: tuple[Path, str], framework: str
) -> None:
    artifacts, printed = packaged
    project = own(framework, own_transformer("features"))
    shutil.copytree(artifacts, project / "artifacts")
    shutil.rmtree(project / "steps")  # The image has none.

    with open_api(project, framework) as api:
        answers = api.predict()
    shutil.rmtree(project / "features")

    assert "Engine sklearn" in printed
    assert not [*artifacts.rglob("*.joblib"), *artifacts.rglob("*.pkl")]
    assert {answer.status for answer in answers.values()} == {200}
    assert len({re.findall(rb"\d", answer.body)[0] for answer in answers.values()}) == 1
    refused_line(project, "features.families")


def refused_line(project: Path, words: str) -> None:
    """Start the server, which must end with one line."""
    path = f"{project / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run("bin/run.sh", cwd=project, PATH=path)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("{")]

    assert done.returncode == 1
    assert len(said) == 1, said
    assert said[0].startswith("Not started: ")
    assert words in said[0]


def test_a_transformer_in_steps_is_refused_with_the_place_where_it_belongs(own: Callable[..., Path]) -> None:
    project = own("fastapi", own_transformer("steps"))

    done = run("make", "train", cwd=project)

    assert done.returncode != 0
    (line,) = (line for line in done.stderr.splitlines() if "Not trained" in line)
    assert "Ages of the module steps.families" in line
    assert "define it in a module of features/" in line
    assert not (project / "artifacts" / "CURRENT").exists()
