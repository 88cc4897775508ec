"""The questions: each changes what is generated, and a bad answer leaves nothing behind."""

import contextlib
import filecmp
import io
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
import yaml
from cookiecutter.main import cookiecutter
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.conftest import QUESTIONS, ROOT, Bake, run, succeed

ASKED = {name: default for name, default in QUESTIONS.items() if not name.startswith("_")}
CHOICES = {name: default for name, default in ASKED.items() if isinstance(default, list)}
TEXTS = [name for name in ASKED if name not in CHOICES]

BAD_SLUGS = ["Titanic", "1api", "-api", "api-", "my_api", "a b", "é", "x" * 61, 'a"b', "a'b", "a\\b"]


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
        ("2024 Numbers", "api-2024-numbers"),
        ("9" * 80, "api-" + "9" * 56),
        ("class", "class"),
        ("\N{BAR CHART}", "api"),
        ("株式会社", "zhu-shi-hui-she"),
    ],
)
def test_the_slug_follows_from_the_name(bake: Bake, name: str, slug: str) -> None:
    assert bake(project_name=name).name == slug


# What can be pasted at a prompt, which strips it; a surrogate is no character of a text.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # To shrink takes minutes, for a bake takes a tenth of a second.
)
@given(texts=st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT), choice=st.sampled_from(["1", "2", "3"]))
@example(texts=("\N{BAR CHART}", 'a \\"\N{PILE OF POO}" \\U', "\x7f\x85\ufeff\u2028 \xa0|"), choice="2")
@example(texts=("{{ x }} {% if", "#} {{", "\"\"\" ''' ${x} $(y) `z`"), choice="1")
def test_whatever_is_typed_is_a_project_that_says_so(texts: tuple[str, str, str], choice: str) -> None:
    name, description, author = (text.strip() for text in texts)
    typed = [texts[0], "", texts[1], texts[2], "1", "1", choice, "2", choice]

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in typed), newline="\n"))
        with contextlib.redirect_stdout(io.StringIO()):
            project = Path(cookiecutter(str(ROOT), output_dir=folder))
        written = {path.relative_to(project).as_posix(): path.read_bytes().decode() for path in rendered(project)}

    pyproject = tomllib.loads(written["pyproject.toml"])
    assert pyproject["tool"]["modelapi"]["title"] == name
    assert (pyproject["project"]["description"], pyproject["project"]["authors"][0]["name"]) == (description, author)
    info = yaml.safe_load(written["docs/swagger.yaml"])["info"]
    assert (info["title"], info["description"]) == (name, description)
    assert written["README.md"].startswith(f"# {name}\n\n{description}\n")
    assert author in written["LICENSE"] or choice == "3"  # Apache names nobody.
    for path, text in written.items():
        if path.endswith((".yml", ".yaml")):
            yaml.safe_load(text)


def rendered(project: Path) -> list[Path]:
    """List the files that Jinja wrote."""
    apart = ("vendor", "requirements", ".git")
    paths = (path for path in project.rglob("*") if path.is_file() and path.suffix not in (".py", ".csv"))
    return [path for path in paths if path.relative_to(project).parts[0] not in apart]


def test_the_end_of_the_questions_says_what_comes_next(tmp_path: Path) -> None:
    done = succeed(
        sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", tmp_path, ROOT, "project_name=1 API",
        cwd=ROOT,
    )  # fmt: skip

    assert done.endswith("\nNext: cd api-1-api && make develop train start\n")


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
        cwd=ROOT, input="\n" * len(ASKED), capture_output=True, text=True,
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
