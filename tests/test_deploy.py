"""What each platform is told is right by its own validator, and its verbs and commands are there."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import QUESTIONS, TEMPLATE, Bake, run, succeed

PLATFORMS = [answer for answer in QUESTIONS["deploy"] if answer != "none"]
VERBS = ("deploy", "rollout", "undeploy")
CONSOLE = re.compile(r"^```console\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def settings() -> set[str]:
    """The names of all settings of a project."""
    return set(re.findall(r"^#?([A-Z0-9_]+)=", (TEMPLATE / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


DRY = {
    "sagemaker": {"IMAGE": "1.dkr.ecr.eu-central-1.amazonaws.com/a:1", "ROLE": "arn:aws:iam::123456789012:role/a"},
    "vertex": {"IMAGE": "eu-docker.pkg.dev/p/apis/a:1", "PROJECT": "p"},
    "azure-ml": {"IMAGE": "r.azurecr.io/a:1", "SUBSCRIPTION": "s", "GROUP": "g", "WORKSPACE": "w"},
}  # What a dry run is given of those platforms that are spoken to by their SDK.


@pytest.mark.parametrize("platform", DRY)
def test_the_sdk_of_a_platform_takes_what_it_would_be_sent(bake: Bake, platform: str) -> None:
    project = bake(deploy=platform)
    install = ("uv", "pip", "install", "--quiet", "--python", "deploy/.venv/bin/python")
    succeed("uv", "venv", "--quiet", "--python", sys.executable, "deploy/.venv", cwd=project)
    succeed(*install, "-r", "deploy/requirements.txt", cwd=project)

    given = [f"{name}={value}" for name, value in {**DRY[platform], "TAG": "2", "DRY_RUN": "1"}.items()]
    said = succeed("make", "deploy", *given, cwd=project)

    assert DRY[platform]["IMAGE"] in said
    assert {"sagemaker": '"PROTOCOLS": "sagemaker"', "vertex": '"/vertex/predict"', "azure-ml": "/predict"}[
        platform
    ] in said
    folder = project / "deploy" / platform
    broken = next(path for path in folder.iterdir() if path.stem in ("model", "deployment"))
    broken.write_text(re.sub("PrimaryContainer|containerSpec|scoring_route", "misspelt", broken.read_text()))
    refused = run("make", "deploy", *given, cwd=project)
    assert refused.returncode != 0
    assert "misspelt" in refused.stderr or "KeyError" in refused.stderr or "scoring_route" in refused.stderr


@pytest.mark.parametrize("platform", ["vertex", "azure-ml"])
def test_versions_share_all_requests(bake: Bake, platform: str) -> None:
    text = (bake(deploy=platform) / "deploy" / platform / "deploy.py").read_text(encoding="utf-8")
    start, end = (text.index(word) for word in ("def share", "class Vertex" if platform == "vertex" else "def main"))
    names: dict[str, Any] = {"Mapping": Mapping}
    exec(text[start:end], names)  # Its SDK takes seconds to import.

    share = names["share"]

    assert share({}, "2", 10) == {"2": 100}
    assert share({"1": 100}, "2", 10) == {"2": 10, "1": 90}
    assert share({"1": 90, "2": 10}, "2", 50) == {"2": 50, "1": 50}
    assert share({"1": 60, "2": 40, "3": 0}, "1", 100) == {"1": 100}


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


@pytest.mark.parametrize(
    ("platform", "arguments", "said"),
    [
        ("cloud-run", ["rollout", "PERCENT=10"], "make rollout REVISION=name PERCENT=10"),
        ("cloud-run", ["secret"], ".env has no API_KEYS: make api-key NAME=ada"),
        ("ray", ["rollout"], "MODEL_SHA256 is no digest"),
    ],
)
def test_a_verb_says_what_it_lacks(bake: Bake, platform: str, arguments: list[str], said: str) -> None:
    project = bake(deploy=platform)
    (project / ".env").write_text("API_KEYS=\n", encoding="utf-8")
    if platform == "ray":  # As if Ray were installed.
        (project / ".venv").mkdir()
        (project / ".venv" / "ray.txt").write_bytes((project / "deploy" / "requirements.txt").read_bytes())

    refused = run("make", *arguments, cwd=project)

    assert refused.returncode != 0
    assert said in refused.stderr
