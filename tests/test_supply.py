"""What projects are built from is pinned, checked and kept fresh, and their secrets stay where they are."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import QUESTIONS, ROOT, Bake, run, succeed

USES = re.compile(r"uses: (\S+)(.*)")
VERSIONS = QUESTIONS["python_version"]


def actions(project: Path) -> set[tuple[str, str]]:
    """The actions of all workflows, each with what is said behind it."""
    workflows = (project / ".github" / "workflows").iterdir()
    return {match for path in workflows for match in USES.findall(path.read_text(encoding="utf-8"))}


def test_every_action_is_pinned_to_a_commit_and_says_its_version(bake: Bake) -> None:
    for action, comment in actions(ROOT) | actions(bake(ci="github")):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_the_workflows_of_projects_use_the_actions_of_the_template(bake: Bake) -> None:
    remedy = "move the actions in variants/ci/github as Dependabot moved those in .github"

    assert actions(bake(ci="github")) == actions(ROOT), remedy


@pytest.mark.parametrize("version", VERSIONS)
def test_every_image_is_an_exact_release_of_what_was_chosen(bake: Bake, version: str) -> None:
    project = bake(ci="gitlab", python_version=version)
    patch = rf"{re.escape(version)}\.\d+"

    lines = (project / "Dockerfile").read_text(encoding="utf-8").splitlines()
    stages = [line.split()[1] for line in lines if line.startswith("FROM ")]
    pipeline = yaml.safe_load((project / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    tests = [pipeline[f"test-{python}"]["image"] for python in VERSIONS]

    assert re.fullmatch(rf"python:{patch}-slim-trixie", stages[0])
    assert set(stages[1:]) == {"base", "system"}
    assert re.fullmatch(rf"python:{patch}-trixie", pipeline["default"]["image"])
    assert pipeline["default"]["image"] in tests
    assert sorted(pipeline["container"]["needs"]) == sorted(f"test-{python}" for python in VERSIONS)
    assert all(image.startswith(f"python:{python}.") for image, python in zip(tests, VERSIONS, strict=True))
    assert re.fullmatch(r"docker:\d+\.\d+\.\d+-dind", *pipeline["container"]["services"])
    assert re.fullmatch(r"anchore/grype:v\d+\.\d+\.\d+-debug", pipeline["scan"]["image"]["name"])


def test_every_python_that_can_be_chosen_is_tested_by_the_workflows(bake: Bake) -> None:
    for project in (ROOT, bake(ci="github")):
        workflow = yaml.safe_load((project / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))

        assert sorted(workflow["jobs"]["test"]["strategy"]["matrix"]["python"]) == sorted(VERSIONS)


def test_an_image_with_what_has_a_fix_is_refused(bake: Bake) -> None:
    github = (bake(ci="github", project_slug="an-api") / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    pipeline = yaml.safe_load((bake(ci="gitlab", project_slug="an-api") / ".gitlab-ci.yml").read_text(encoding="utf-8"))

    build, scan = yaml.safe_load(github)["jobs"]["image"]["steps"][-2:]
    assert build["run"].endswith(" build")
    wanted = {"image": "an-api:latest", "only-fixed": True, "severity-cutoff": "high", "output-format": "table"}
    assert scan["with"] == wanted
    *_, saved = pipeline["container"]["script"]
    assert saved == f"docker save --output {pipeline['container']['artifacts']['paths'][0]} an-api"
    assert pipeline["scan"]["needs"] == ["container"]
    assert pipeline["scan"]["script"] == ["/grype docker-archive:image.tar --only-fixed --fail-on high"]


def test_workflows_and_dependabot_hold_nothing_unsafe(bake: Bake) -> None:
    for project in (ROOT, bake(ci="github")):
        succeed("zizmor", "--offline", "--no-progress", ".github", cwd=project)
        succeed("actionlint", *(project / ".github" / "workflows").iterdir(), cwd=project)


def test_each_ci_has_the_bot_that_moves_its_pins(bake: Bake) -> None:
    github, gitlab, none = (bake(ci=ci) for ci in ("github", "gitlab", "none"))

    for project in (ROOT, github):
        check = ("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
        succeed(*check, cwd=project)
    succeed("check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json", cwd=gitlab)
    # Neither looks into vendor/, so that what the library bounds stays within: Renovate's preset leaves it out.
    updates = yaml.safe_load((github / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    assert [one["directory"] for one in updates if one["package-ecosystem"] in ("uv", "pip")] == ["/requirements"]
    assert "config:recommended" in json.loads((gitlab / "renovate.json").read_text(encoding="utf-8"))["extends"]
    assert not list(none.glob("renovate.json")) + list(none.glob(".git[hl]*"))


@pytest.mark.parametrize("name", ["common", "develop", "tools"])
def test_pins_say_how_they_are_compiled_for_the_bots(bake: Bake, name: str) -> None:
    pins = bake() / "requirements" / f"{name}.txt"

    command = pins.read_text(encoding="utf-8").splitlines()[1]

    files = f"--output-file=requirements/{name}.txt requirements/{name}.in"
    assert command == f"#    uv pip compile --universal --python-version=3.11 {files}"


@pytest.mark.parametrize("ci", QUESTIONS["ci"])
def test_secrets_are_not_committed(bake: Bake, ci: str) -> None:
    project = bake(ci=ci)
    secrets = {".env", ".env.production", "tls.key", "api/server.pem"}
    for name in secrets:
        (project / name).write_text("secret", encoding="utf-8")

    succeed("git", "init", "--quiet", cwd=project)
    succeed("git", "add", "--all", cwd=project)

    committed = set(succeed("git", "ls-files", cwd=project).splitlines())
    assert ".env.example" in committed
    assert not committed & secrets


def test_make_check_refuses_what_is_unsafe(project: Callable[..., Path]) -> None:
    folder = project("fastapi")
    unsafe = '"""Obeys."""\n\nimport os\n\n\ndef obey(order: str) -> None:\n    """Obey."""\n    os.system(order)\n'
    (folder / "api" / "obey.py").write_text(unsafe, encoding="utf-8")

    done = run("make", "check", cwd=folder)

    assert done.returncode != 0
    assert "B605:start_process_with_a_shell" in done.stdout
