"""Projects follow the template: cruft creates, checks and updates them, also across a change of framework."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import QUESTIONS, ROOT, bake_into, run, succeed

IDENTITY = {
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
}  # fmt: skip
NAME = "titanic-survival-api"


def git(folder: Path, *arguments: str) -> str:
    return succeed("git", "-c", "core.autocrlf=false", *arguments, cwd=folder, **IDENTITY)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def lay(folder: Path) -> None:
    """Copy the template as it stands, without its history."""
    for name in succeed("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A repository with the template as it stands."""
    folder = tmp_path / "template"
    lay(folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "The template")
    return folder


@pytest.fixture
def created(template: Path, tmp_path: Path) -> Path:
    succeed("cruft", "create", template, "--no-input", "--output-dir", tmp_path / "out", cwd=tmp_path, **IDENTITY)
    project = tmp_path / "out" / NAME
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project, "The project")
    return project


def files(folder: Path) -> dict[str, bytes]:
    names = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in names if path.name != ".cruft.json"}


def test_cruft_creates_what_cookiecutter_does(created: Path, tmp_path: Path) -> None:
    assert files(created) == files(bake_into(tmp_path / "bake"))
    succeed("cruft", "check", cwd=created, **IDENTITY)


def test_a_change_of_the_template_arrives(created: Path, template: Path) -> None:
    readme = template / "{{cookiecutter.project_slug}}" / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nOne line more.\n", encoding="utf-8")
    (created / "api" / "mine.py").write_text('"""Mine."""\n', encoding="utf-8")
    commit(created, "A file of mine")
    commit(template, "A change")
    assert run("cruft", "check", cwd=created, **IDENTITY).returncode == 1

    succeed("cruft", "update", "--skip-apply-ask", cwd=created, **IDENTITY)

    assert (created / "README.md").read_text(encoding="utf-8").endswith("One line more.\n")
    assert (created / "api" / "mine.py").exists()
    assert "readme" in git(created, "status", "--short").lower()
    succeed("cruft", "check", cwd=created, **IDENTITY)


def test_the_framework_can_be_changed(created: Path, tmp_path: Path) -> None:
    answers = json.dumps({"framework": "flask"})

    succeed("cruft", "update", "--skip-apply-ask", "--variables-to-update", answers, cwd=created, **IDENTITY)

    assert files(created) == files(bake_into(tmp_path / "bake", framework="flask"))
    succeed("cruft", "check", cwd=created, **IDENTITY)


def test_a_newer_patch_of_python_arrives(created: Path, template: Path) -> None:
    questions = template / "cookiecutter.json"
    release = QUESTIONS["__python"][QUESTIONS["python_version"][0]]
    newer = questions.read_text(encoding="utf-8").replace(release, f"{release}9")
    questions.write_text(newer, encoding="utf-8")
    commit(template, "A newer Python")

    succeed("cruft", "update", "--skip-apply-ask", cwd=created, **IDENTITY)

    assert f"FROM python:{release}9-slim" in (created / "Dockerfile").read_text(encoding="utf-8")
