"""notebooks/share.ipynb runs without a token, and what a notebook ejects is the template's own project."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Installed, bake_into, succeed
from tests.test_bake import tree
from tests.test_library import install_besides

JUPYTER = ("cookiecutter==2.7.1", "ipykernel==7.4.0", "nbclient==0.11.0", "papermill==2.7.0")
# Both run the kernel of the interpreter that runs them.
NBCLIENT = """
import nbclient, nbformat, sys
notebook = nbformat.read("share.ipynb", 4)
nbclient.NotebookClient(notebook, timeout=300).execute()
nbformat.write(notebook, sys.argv[1])
"""
PAPERMILL = """
import papermill, sys
papermill.execute_notebook("share.ipynb", sys.argv[1], progress_bar=False)
"""
EJECT = """
import sys
import pandas as pd
from modelapi.template import TemplateError
from modelapi.notebook import serve
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

table = pd.DataFrame({"tenure": range(40), "plan": ["basic", "gold"] * 20, "churned": ["no", "no", "yes", "no"] * 10})
X, y = table[["tenure", "plan"]], table["churned"]
columns = make_column_transformer((OneHotEncoder(), ["plan"]), remainder="passthrough")
api = serve(make_pipeline(columns, LogisticRegression()).fit(X, y), X, y, framework=sys.argv[1])
try:
    api.eject("churn-api", template=sys.argv[2], framework="django")
except TemplateError as error:
    assert str(error) == "framework cannot be django: take fastapi or flask", error
api.eject("churn-api", template=sys.argv[2])
"""


@pytest.fixture(scope="module")
def jupyter(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what runs notebooks, beside the environment of either project."""
    return install_besides(installed("fastapi"), JUPYTER, tmp_path_factory.mktemp("jupyter"))


@pytest.mark.parametrize(
    ("framework", "runner"), [("fastapi", NBCLIENT), ("flask", PAPERMILL)], ids=["nbclient", "papermill"]
)
def test_the_notebook_runs_from_top_to_bottom_without_a_token(
    project: Callable[..., Path], jupyter: Path, tmp_path: Path, framework: str, runner: str
) -> None:
    folder = project(framework)
    before = tree(folder / "artifacts").keys()
    ran = tmp_path / "ran.ipynb"

    succeed(
        *(folder / ".venv" / "bin" / "python", "-c", runner, ran),
        cwd=folder / "notebooks",
        PYTHONPATH=str(jupyter),
        NGROK_AUTHTOKEN="",
    )

    text = ran.read_text(encoding="utf-8")
    assert "<iframe" in text
    assert "'prediction': [1]" in text
    assert tree(folder / "artifacts").keys() == before


@pytest.mark.parametrize("framework", ["fastapi", "flask"])
def test_what_is_ejected_is_what_is_baked_but_for_the_package_and_its_tests_pass(
    installed: Installed, jupyter: Path, tmp_path: Path, framework: str
) -> None:
    python = installed(framework) / ".venv" / "bin" / "python"
    told = succeed(python, "-c", EJECT, framework, ROOT, cwd=tmp_path, PYTHONPATH=str(jupyter))
    assert [line for line in told.splitlines() if "Next:" in line] == ["Next: cd churn-api && make develop start"]

    ejected = tmp_path / "churn-api"
    baked = bake_into(tmp_path / "baked", project_name="Churn API", framework=framework, _example="no")
    ours, theirs = tree(ejected), tree(baked)
    made = {name for name in ours if name.startswith("artifacts/")}
    assert "artifacts/CURRENT" in made
    assert ours.keys() - made == theirs.keys()
    differing = {name for name in theirs if ours[name].read_bytes() != theirs[name].read_bytes()}
    assert differing == {"docs/swagger.yaml"}  # It describes the package.

    (ejected / ".venv").symlink_to(installed(framework) / ".venv")
    succeed("make", "test", cwd=ejected)
