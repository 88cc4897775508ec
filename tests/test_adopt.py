"""`modelapi adopt` puts the skeleton around a repository, and touches no file of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, TEMPLATE, bake_into, run
from tests.test_bake import tree
from tests.test_cruft import commit, git

MINE = {
    "README.md": "# Mine\n",
    "pyproject.toml": '[project]\nname = "mine"\nversion = "1"\n',
    "api/routes.py": '"""Mine."""\n',
    "model/fit.py": '"""Mine."""\n',
    "docs": "A file where the template has a folder.\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "Churn_API"
    for name, text in MINE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    (folder / "data").symlink_to(tmp_path / "elsewhere")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "Mine")
    return folder


def adopt(folder: Path, *arguments: object, template: Path = ROOT) -> subprocess.CompletedProcess[str]:
    library = {"PYTHONPATH": str(TEMPLATE / "vendor" / "modelapi" / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return run(sys.executable, "-m", "modelapi", "adopt", "--template", template, *arguments, cwd=folder, **library)


def test_a_repository_is_given_what_it_lacks_and_keeps_what_it_has(repository: Path, tmp_path: Path) -> None:
    done = adopt(repository, "framework=flask")

    assert done.returncode == 0, done.stderr
    baked = bake_into(tmp_path, framework="flask", project_name="Churn API", _example="no")
    theirs = {name: path.read_bytes() for name, path in tree(baked).items() if name != "LICENSE"}
    ours = {
        name: path.read_bytes()
        for name, path in tree(repository).items()
        if not name.startswith((".git/", "data/", "skeleton/"))
    }
    kept = {name for name in theirs if name in MINE or name.startswith(("docs/", "data/"))}
    assert {name: text.decode() for name, text in ours.items() if name in MINE} == MINE
    assert ours.keys() == (theirs.keys() - kept) | MINE.keys()
    assert all(ours[name] == theirs[name] for name in theirs.keys() - kept)
    assert {name: path.read_bytes() for name, path in tree(repository / "skeleton").items()} == {
        name: theirs[name] for name in kept
    }
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert os.access(repository / "bin" / "run.sh", os.X_OK)
    told = done.stdout.splitlines()
    assert told[0] == f"{len(theirs) - len(kept)} files were added, which git status shows; none was changed."
    assert "README.md is yours, and stays: nothing has to be done" in told
    assert "api/routes.py is yours, and stays: compare the two" in told
    assert told[-1].startswith("Next: take over [tool.modelapi] from skeleton/pyproject.toml, then make develop && ")

    shutil.rmtree(repository / "skeleton")
    commit(repository, "Adopted")
    assert adopt(repository, "framework=flask").stdout.startswith("0 files were added")


NAMES = "take up to 60 lower-case letters, digits and hyphens"


def change(folder: Path) -> None:
    (folder / "README.md").write_text("# Changed\n", encoding="utf-8")


def leave_git(folder: Path) -> None:
    shutil.rmtree(folder / ".git")


def name_a_module_api(folder: Path) -> None:
    git(folder, "mv", "api/routes.py", "api.py")
    commit(folder, "A module")


def adopt_before(folder: Path) -> None:
    (folder / "skeleton").mkdir()
    (folder / "skeleton" / "README.md").touch()
    commit(folder, "Some of it")


@pytest.mark.parametrize(
    ("before", "arguments", "message"),
    [
        (leave_git, [], 'this is no git repository, which would show what is added: run "git init" and commit'),
        (change, [], "there are changes that are not committed: commit or stash them, to see what is added"),
        (name_a_module_api, [], "the template's folder api/ would hide your api.py: rename it first"),
        (adopt_before, [], "skeleton/ is there already: delete it when you have taken from it what you need"),
        (None, ["flask"], "flask answers no question: write it as framework=flask"),
        (None, ["framework=django"], "framework cannot be django: take fastapi or flask"),
        (None, ["project_slug=A_B"], f"A_B cannot be the name of a project: {NAMES}, in project_slug=…"),
        (None, ["--framework=flask"], 'unrecognized arguments: --framework=flask ("modelapi adopt --help" says more)'),
    ],
)
def test_what_cannot_be_adopted_is_a_sentence_and_adds_nothing(
    repository: Path, before: Callable[[Path], None] | None, arguments: list[str], message: str
) -> None:
    if before:
        before(repository)
    there = tree(repository).keys()

    done = adopt(repository, *arguments)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Not adopted: {message}\n")
    assert {name for name in tree(repository) if not name.startswith(".git/")} == {
        name for name in there if not name.startswith(".git/")
    }


def test_a_template_that_is_not_there_is_a_sentence(repository: Path, tmp_path: Path) -> None:
    done = adopt(repository, template=tmp_path / "none")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Not adopted: the template {tmp_path / 'none'} made no project (")
    assert done.stderr.count("\n") == 1
