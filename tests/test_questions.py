"""The questions: each changes what is generated, and a bad answer leaves nothing behind."""

import filecmp
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import QUESTIONS, ROOT, Bake, run, succeed

ASKED = {name: default for name, default in QUESTIONS.items() if not name.startswith("_")}
CHOICES = {name: default for name, default in ASKED.items() if isinstance(default, list)}
TEXTS = [name for name in ASKED if name not in CHOICES]

BAD_SLUGS = ["Titanic", "1api", "-api", "api-", "my_api", "a b", "class", "é", "x" * 61, 'a"b', "a'b", "a\\b"]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def differ(one: Path, other: Path) -> bool:
    names = files(one)
    return names != files(other) or bool(filecmp.cmpfiles(one, other, names, shallow=False)[1])


def test_every_question_and_every_choice_has_a_label() -> None:
    prompts = QUESTIONS["__prompts__"]

    assert prompts.keys() == ASKED.keys()
    for name, options in CHOICES.items():
        assert set(prompts[name]) == {"__prompt__", *options}
    assert "[" not in json.dumps([text for text in prompts.values() if isinstance(text, str)])[1:]


@pytest.mark.parametrize("name", ASKED)
def test_every_answer_changes_what_is_generated(bake: Bake, name: str) -> None:
    slug = {} if name == "project_slug" else {"project_slug": "same"}
    answers = CHOICES.get(name, ["one", "other"])

    baked = [bake(**{**slug, name: answer}) for answer in answers]

    assert all(differ(one, other) for index, one in enumerate(baked) for other in baked[:index])


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Titanic Survival API", "titanic-survival-api"),
        ('O\'Connor "quoted" é API', "o-connor-quoted-e-api"),
        ("x" * 80, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_the_slug_follows_from_the_name(bake: Bake, name: str, slug: str) -> None:
    assert bake(project_name=name).name == slug


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_a_bad_slug_is_one_line_that_says_what_to_type(tmp_path: Path, slug: str) -> None:
    done = run(
        sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", tmp_path, ROOT, f"project_slug={slug}",
        cwd=ROOT,
    )  # fmt: skip

    assert done.returncode != 0
    assert any(
        line.startswith("project_slug must be") and "type for example titanic-api" in line
        for line in done.stderr.splitlines()
    ), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_empty_slug_is_refused(tmp_path: Path) -> None:
    bake = (sys.executable, "-m", "cookiecutter", "--no-input", ROOT, "project_slug=", "--output-dir")
    (tmp_path / "there").mkdir()

    # Cookiecutter itself stops where the folder is there; the hook has its say where it is not.
    there, new = run(*bake, tmp_path / "there", cwd=ROOT), run(*bake, tmp_path / "new", cwd=ROOT)

    assert (there.returncode, new.returncode) == (1, 1)
    assert "project_slug must be" in new.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_a_session_at_the_prompt_shows_the_labels(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--output-dir", str(tmp_path), str(ROOT)],
        cwd=ROOT, input="\n" * len(ASKED), capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "Web framework" in done.stdout
    assert "FastAPI (ASGI)" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["titanic-survival-api"]


@pytest.mark.parametrize("hook", sorted((ROOT / "hooks").iterdir()), ids=lambda path: path.name)
def test_hooks_stay_small(hook: Path) -> None:
    assert len(hook.read_text(encoding="utf-8").splitlines()) < 20


def test_the_oldest_cookiecutter_that_the_readme_names_bakes_the_same(bake: Bake, tmp_path: Path) -> None:
    stated = re.search(r"cookiecutter (\S+) or newer", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert stated
    succeed("uv", "venv", "--quiet", "--python", sys.executable, tmp_path / "old", cwd=tmp_path)
    python = tmp_path / "old" / "bin" / "python"
    succeed("uv", "pip", "install", "--python", python, f"cookiecutter=={stated[1]}.*", "setuptools", cwd=tmp_path)

    succeed(python, "-m", "cookiecutter", "--no-input", "--output-dir", tmp_path / "out", ROOT, cwd=tmp_path)

    assert not differ(tmp_path / "out" / "titanic-survival-api", bake())
