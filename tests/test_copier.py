"""The same folder serves copier: what it makes is what cookiecutter makes, and both update a project."""

import filecmp
import json
import re
import sys
from pathlib import Path

import copier
import pytest

from tests.conftest import ROOT, Bake, run, succeed
from tests.test_bake import BAKED, NAMES, Answers, tree
from tests.test_cruft import IDENTITY, commit, git, lay
from tests.test_questions import BAD_SLUGS

BOOKKEEPING = {".copier-answers.yml", ".cruft.json"}
FASTER = ["vendor"]  # It is the same for all answers, and most of the work.
LISTED = re.compile(r'", "(\{\{[^"]+)"\]')


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copier") / "template"
    lay(folder)
    return folder


def test_copier_yml_is_that_of_the_questions_and_of_the_files() -> None:
    written = succeed(sys.executable, "bin/copier", cwd=ROOT)

    assert written == (ROOT / "copier.yml").read_text(encoding="utf-8"), "run bin/copier > copier.yml"


@pytest.mark.parametrize("answers", BAKED, ids=lambda answers: "-".join(answers.values()))
def test_copier_makes_what_cookiecutter_does(bake: Bake, template: Path, tmp_path: Path, answers: Answers) -> None:
    name = NAMES[BAKED.index(answers) % len(NAMES)]
    given = {**answers, "project_name": name, "project_slug": "an-api", "description": name, "author_name": name}
    left_out = FASTER if BAKED.index(answers) else []

    copier.run_copy(str(template), tmp_path / "an-api", given, defaults=True, quiet=True, exclude=left_out)

    ours, theirs = tree(tmp_path / "an-api"), tree(bake(**given))
    assert ours.keys() - BOOKKEEPING == {path for path in theirs if path.split("/")[0] not in left_out}
    for path in ours.keys() - BOOKKEEPING:
        assert ours[path].stat().st_mode == theirs[path].stat().st_mode, path
        assert filecmp.cmp(ours[path], theirs[path], shallow=False), f'{path} may hold "{{{{ ", which copier renders'


@pytest.mark.parametrize("name", ['O\'Connor "quoted" API', "2024 Numbers", "a" * 59 + " b", "\N{BAR CHART}"])
def test_the_slug_follows_from_a_latin_name(bake: Bake, template: Path, tmp_path: Path, name: str) -> None:
    asked = copier.run_copy(str(template), tmp_path, {"project_name": name}, defaults=True, quiet=True, exclude=["*"])

    assert asked.answers.combined["project_slug"] == bake(project_name=name).name


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_copier_refuses_what_the_hook_refuses(template: Path, tmp_path: Path, slug: str) -> None:
    with pytest.raises(ValueError, match=r"project_slug must be 1 to 60 .* type for example titanic-api"):
        copier.run_copy(str(template), tmp_path / "new", {"project_slug": slug}, defaults=True, quiet=True)

    assert list(tmp_path.iterdir()) == []


def make(tool: str, template: Path, version: str, folder: Path, framework: str) -> Path:
    """Make a project by a tool, of a version of the template, and commit it."""
    project = folder / "titanic-survival-api"
    if tool == "cruft":
        succeed(
            "cruft", "create", template, "--no-input", "--checkout", version, "--output-dir", folder,
            "--extra-context", json.dumps({"framework": framework}), cwd=template, **IDENTITY,
        )  # fmt: skip
    else:
        answers = {"framework": framework}
        copier.run_copy(str(template), project, answers, defaults=True, quiet=True, vcs_ref=version, exclude=FASTER)
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project, "The project")
    return project


UPDATE = {
    "cruft": ("cruft", "update", "--skip-apply-ask", "--variables-to-update", '{"framework": "flask"}'),
    "copier": ("copier", "update", "--defaults", "--quiet", "--exclude", *FASTER, "--data", "framework=flask"),
}


def complete(template: Path, version: str) -> bool:
    """Tell whether copier.yml is there, and names no file that is not: between releases it may be older than these."""
    config = run("git", "show", f"{version}:copier.yml", cwd=template)
    names = git(template, "ls-tree", "-r", "-z", "--name-only", version).split("\0")
    return config.returncode == 0 and set(LISTED.findall(config.stdout)) <= set(names)


@pytest.mark.parametrize("tool", UPDATE)
def test_an_update_over_ten_commits_and_to_flask_conflicts_with_no_file_left_alone(tmp_path: Path, tool: str) -> None:
    template = tmp_path / "template"
    git(tmp_path, "clone", "--quiet", "--no-tags", "--no-checkout", str(ROOT), str(template))
    lay(template)
    git(template, "add", "--all")
    git(template, "commit", "--quiet", "--allow-empty", "--message", "As it stands")
    history = git(template, "rev-list", "--max-count=11", "HEAD").split()
    if tool == "copier":
        history = [version for version in history if complete(template, version)]
    if len(history) < 2:
        pytest.skip("this clone has no history of the template: git fetch --unshallow")
    git(template, "tag", "v1.0.0", history[-1])
    git(template, "tag", "v1.1.0", history[0])
    project = make(tool, template, "v1.0.0", tmp_path / "old", "fastapi")
    mine = {"api/mine.py": '"""Mine."""\n', "api/settings.py": '"""My settings."""\n'}
    for name, text in mine.items():
        (project / name).write_text(text, encoding="utf-8")
    commit(project, "What I need")

    succeed(*UPDATE[tool], cwd=project, **IDENTITY)

    ours, theirs = tree(project), tree(make(tool, template, "v1.1.0", tmp_path / "new", "flask"))
    left_alone = {path for path in ours.keys() | theirs.keys() if path not in mine and not path.startswith(".git/")}
    for path in left_alone - BOOKKEEPING:
        assert ours[path].read_bytes() == theirs[path].read_bytes(), path
    assert (project / "api/mine.py").read_text(encoding="utf-8") == mine["api/mine.py"]
    assert mine["api/settings.py"].strip() in (project / "api/settings.py").read_text(encoding="utf-8")
