"""What each platform is told is right by its own validator, and its verbs and commands are there."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import QUESTIONS, TEMPLATE, Bake, run, succeed

PLATFORMS = [answer for answer in QUESTIONS["deploy"] if answer != "none"]
VERBS = ("deploy", "rollout", "undeploy")
CONSOLE = re.compile(r"^```console\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def settings() -> set[str]:
    """The names of all settings of a project."""
    return set(re.findall(r"^#?([A-Z_]+)=", (TEMPLATE / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_has_its_verbs_and_a_page_of_commands_that_exist(bake: Bake, platform: str) -> None:
    project = bake(deploy=platform)
    page = (project / "deploy" / "README.md").read_text(encoding="utf-8")

    listed = re.findall(r"^([a-z-]+)  ", succeed("make", cwd=project), flags=re.MULTILINE)
    commands = "\n".join(CONSOLE.findall(page)).replace("\\\n", " ").splitlines()
    made = [line.split()[1] for line in commands if line.startswith("make ")]

    assert set(VERBS) | set(made) <= set(listed)
    assert {"deploy", "rollout"} <= set(made)
    for verb in VERBS:
        assert succeed("make", "--dry-run", verb, cwd=project)
    for line in commands:
        succeed("bash", "-n", "-c", line, cwd=project)
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page):
        assert (project / "deploy" / target).exists(), target


def test_without_a_platform_there_is_no_verb_for_one(bake: Bake) -> None:
    project = bake(deploy="none")

    assert run("make", "--dry-run", "rollout", cwd=project).returncode != 0
    assert not list((project / "deploy").glob("*.*"))
    assert "**Deploy.**" not in (project / "README.md").read_text(encoding="utf-8")


def test_cloud_build_is_told_what_it_understands(bake: Bake) -> None:
    project = bake(deploy="cloud-run")
    build = project / "deploy" / "cloud-run" / "cloudbuild.yaml"

    succeed("check-jsonschema", "--builtin-schema", "vendor.cloudbuild", build, cwd=project)

    told = yaml.safe_load(build.read_text(encoding="utf-8"))
    options = dict(argument.split("=", 1) for argument in told["steps"][-1]["args"] if "=" in argument)
    assert set(re.findall(r"\$(_[A-Z_]+)", str(told["steps"]))) == set(told["substitutions"])
    assert set(re.findall(r"(?:^|,)([A-Z_]+)=", options["--set-env-vars"])) <= settings()
    assert "--no-allow-unauthenticated" in told["substitutions"]["_ACCESS"]
    assert "_MAX_INSTANCES=3 ." in succeed("make", "-n", "deploy", "SUBSTITUTIONS=_MAX_INSTANCES=3", cwd=project)


def test_cloud_build_is_sent_the_model_and_no_secret(bake: Bake) -> None:
    project = bake(deploy="cloud-run")
    (project / ".gitignore").write_text((project / ".gcloudignore").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("artifacts/CURRENT", ".env", ".env.local", "tls.key", ".venv/pyvenv.cfg"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("x", encoding="utf-8")
    succeed("git", "init", "--quiet", cwd=project)
    succeed("git", "add", "--all", cwd=project)

    sent = {Path(name) for name in succeed("git", "ls-files", cwd=project).splitlines()}

    assert {Path("artifacts/CURRENT"), Path("Dockerfile"), Path(".env.example")} <= sent
    assert not {Path(".env"), Path(".env.local"), Path("tls.key"), Path(".venv/pyvenv.cfg")} & sent
