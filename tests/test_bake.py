"""Every combination of answers is rendered, every two answers are baked together, and checked without being run."""

import ast
import hashlib
import itertools
import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from binaryornot.check import is_binary
from cookiecutter.generate import generate_context, is_copy_only_path
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from jinja2 import FileSystemLoader

from tests.conftest import FRAMEWORKS, QUESTIONS, ROOT, TEMPLATE, Bake, succeed

CHOICES = {name: options for name, options in QUESTIONS.items() if isinstance(options, list) and name[0] != "_"}
Answers = dict[str, str]
COMBINATIONS = [dict(zip(CHOICES, answers, strict=True)) for answers in itertools.product(*CHOICES.values())]
NAMES = ["Titanic Survival API", 'O\'Connor "quoted" é API', "x" * 60, "1 & <b> {x} \\ % #"]
VENDORED = {"hyparquet.js", "redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"}


def tree(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


SHARED = {name for name in tree(TEMPLATE) if not name.startswith("variants/")}


def variants(answers: Answers) -> dict[str, dict[str, Path]]:
    return {name: tree(TEMPLATE / "variants" / name / answer) for name, answer in answers.items()}


def pairs(answers: Answers) -> set[tuple[tuple[str, str], ...]]:
    return set(itertools.combinations(answers.items(), 2))


def meet() -> list[Answers]:
    """Choose combinations so that each two answers to two questions meet in one of them."""
    left = set.union(*map(pairs, COMBINATIONS))
    chosen = []
    while left:
        chosen.append(max(COMBINATIONS, key=lambda answers: len(pairs(answers) & left)))
        left -= pairs(chosen[-1])
    return chosen


BAKED = meet()


@pytest.mark.parametrize("answers", BAKED, ids=lambda answers: "-".join(answers.values()))
def test_every_two_answers_have_their_exact_files_and_they_parse(bake: Bake, answers: Answers) -> None:
    name = NAMES[BAKED.index(answers) % len(NAMES)]
    project = bake(**answers, project_name=name, project_slug="an-api", description=name, author_name=name)

    files = tree(project)
    assert files.keys() == SHARED.union(*variants(answers).values())
    for relative, path in files.items():
        if path.name not in VENDORED:
            check(relative, path.read_text(encoding="utf-8"))
    settings = json.loads(json.dumps(tomllib.loads(files["pyproject.toml"].read_text())))["tool"]["modelapi"]
    assert settings["title"] == name
    assert yaml.safe_load(files["docs/swagger.yaml"].read_text())["info"]["title"] == name
    assert succeed("ruff", "check", "--no-cache", ".", cwd=project)
    assert succeed("ruff", "format", "--no-cache", "--check", ".", cwd=project)


def test_what_every_combination_renders_parses() -> None:
    context = generate_context(context_file=str(ROOT / "cookiecutter.json"))
    asked = prompt_for_config(context, no_input=True)
    environment = create_env_with_context(context)
    environment.loader = FileSystemLoader(TEMPLATE)

    def is_copied(name: str) -> bool:
        here = Path(name)
        return any(is_copy_only_path(str(path), context) for path in (here, *here.parents))

    rendered = [name for name, path in tree(TEMPLATE).items() if not (is_copied(name) or is_binary(str(path)))]

    for answers in COMBINATIONS:
        chosen = tuple(f"variants/{question}/{answer}/" for question, answer in answers.items())
        for name in rendered:
            if name in SHARED or name.startswith(chosen):
                check(name, environment.get_template(name).render(cookiecutter=asked | answers))


@cache
def check(relative: str, text: str) -> None:
    """Check a text once, which many combinations have in common."""
    assert not re.search(r"cookiecutter\.(?!json)", text), f"{relative} holds Jinja"
    assert "{%" not in text, f"{relative} holds Jinja"
    assert "\r" not in text
    if relative.endswith(".py"):
        ast.parse(text)
    elif relative.endswith((".yaml", ".yml")):
        yaml.safe_load(text)
    elif relative.endswith(".toml"):
        tomllib.loads(text)
    elif relative.endswith(".json"):
        json.loads(text)


def test_no_overlay_overwrites_another_file() -> None:
    overlays = {folder: tree(folder).keys() for folder in (TEMPLATE / "variants").glob("*/*")}

    assert not any(names & SHARED for names in overlays.values())
    for one, other in itertools.combinations(overlays, 2):
        assert one.parent == other.parent or not overlays[one] & overlays[other]


def test_the_library_is_sealed() -> None:
    folder = TEMPLATE / "vendor" / "modelapi"
    sums = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in tree(folder).items()
        if name != "SHA256SUMS" and "__pycache__" not in name
    }

    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()

    assert dict(line.split("  ", 1)[::-1] for line in lines) == sums, "run bin/seal"


def test_the_library_passes_its_own_linters() -> None:
    succeed("ruff", "check", "--no-cache", ".", cwd=TEMPLATE / "vendor" / "modelapi")
    succeed("ruff", "format", "--no-cache", "--check", ".", cwd=TEMPLATE / "vendor" / "modelapi")


def test_variants_are_those_of_the_questions() -> None:
    for question in (TEMPLATE / "variants").iterdir():
        assert {answer.name for answer in question.iterdir()} <= set(CHOICES[question.name])


def test_the_frameworks_are_the_same_but_for_the_framework() -> None:
    trees = [tree(TEMPLATE / "variants" / "framework" / name) for name in FRAMEWORKS]
    same = [
        name for name in set.intersection(*map(set, trees)) if len({files[name].read_bytes() for files in trees}) == 1
    ]

    assert same == []


def test_without_the_example_no_word_leads_to_it(bake: Bake) -> None:
    project = bake(_example="no")

    for name in ("README.md", "pyproject.toml"):
        assert "titanic.csv" not in (project / name).read_text(encoding="utf-8")
    start = (project / "README.md").read_text(encoding="utf-8").partition("## Your model")[0]
    assert "make develop\nmake start\n" in start


def test_python_files_hold_no_jinja() -> None:
    for name, path in tree(TEMPLATE).items():
        if path.suffix in (".py", ".js", ".css", ".html") and path.name not in VENDORED:
            text = path.read_text(encoding="utf-8")
            assert "{{" not in text or path.suffix == ".py", name
            assert "{%" not in text, name


def test_both_frameworks_pin_the_same_versions() -> None:
    folder = TEMPLATE / "variants" / "framework"
    pins = [
        dict(
            line.split(" ;")[0].split("==")
            for kind in ("common", "develop", "tools")
            for line in (folder / name / "requirements" / f"{kind}.txt").read_text().splitlines()
            if "==" in line
        )
        for name in FRAMEWORKS
    ]

    assert {name: (pins[0][name], pins[1][name]) for name in pins[0].keys() & pins[1].keys()
            if pins[0][name] != pins[1][name]} == {}  # fmt: skip


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_serving_needs_is_pinned_alike_for_development_and_for_tools(framework: str) -> None:
    folder = TEMPLATE / "variants" / "framework" / framework / "requirements"
    common, develop, tools = (
        {line for line in (folder / f"{kind}.txt").read_text(encoding="utf-8").splitlines() if "==" in line}
        for kind in ("common", "develop", "tools")
    )

    assert common < develop < tools


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_generated_files_pass_their_own_linters(bake: Bake, framework: str) -> None:
    project = bake(framework=framework, ci="github")
    gitlab = bake(framework=framework, ci="gitlab")

    succeed("hadolint", "--ignore", "DL3013", "Dockerfile", cwd=project)
    succeed("shellcheck", "bin/run.sh", "bin/wheels.sh", cwd=project)
    succeed("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml", cwd=project)
    transform = ("--data-transform", "gitlab-ci")
    succeed("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", *transform, ".gitlab-ci.yml", cwd=gitlab)


def test_the_template_passes_its_own_linters() -> None:
    root = TEMPLATE.parent

    succeed("ruff", "check", "--no-cache", ".", cwd=root)
    succeed("ruff", "format", "--no-cache", "--check", ".", cwd=root)
    succeed("shellcheck", "bin/test", "bin/seal", "bin/refresh", ".ci/run", "tests/pythons.sh", cwd=root)
    succeed("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml", cwd=root)


def test_names_of_files_are_fit_for_windows() -> None:
    for name in tree(TEMPLATE):
        assert not set(name) & set('|"<>:?*\\'), name


def test_a_bake_is_deterministic(bake: Bake) -> None:
    one, other = tree(bake()), tree(bake())

    assert one.keys() == other.keys()
    assert all(path.read_bytes() == other[name].read_bytes() for name, path in one.items())
