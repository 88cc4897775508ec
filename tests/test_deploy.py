"""What each platform is told is right by its own validator, and its verbs and commands are there."""

import re
import sys
from pathlib import Path
from runpy import run_path

import pytest
import yaml

from tests.conftest import QUESTIONS, TEMPLATE, Bake, run, succeed

PLATFORMS = [answer for answer in QUESTIONS["deploy"] if answer != "none"]
VERBS = ("deploy", "rollout", "undeploy")
CONSOLE = re.compile(r"^```console\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def settings() -> set[str]:
    """The names of all settings of a project."""
    return set(re.findall(r"^#?([A-Z0-9_]+)=", (TEMPLATE / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


GIVEN = {
    "sagemaker": {
        "REGION": "eu-central-1",
        "IMAGE": "1.dkr.ecr.eu-central-1.amazonaws.com/a:1",
        "ROLE": "arn:aws:iam::123456789012:role/a",
    },
    "vertex": {"PROJECT": "p", "IMAGE": "eu-docker.pkg.dev/p/apis/a:1", "PERCENT": "10"},
    "azure-ml": {"SUBSCRIPTION": "s", "GROUP": "g", "WORKSPACE": "w", "IMAGE": "r.azurecr.io/a:1", "PERCENT": "10"},
}  # What those platforms are given that are spoken to by their SDK.
CALLS = {
    "sagemaker": [
        ["create_model", "create_endpoint_config", "create_endpoint", "update_endpoint"],
        ["update_endpoint"],
        ["delete_endpoint"],
    ],
    "vertex": [
        ["create_endpoint", "upload_model", "deploy_model"],
        ["update_endpoint"],
        ["update_endpoint", "undeploy_model", "undeploy_model", "delete_endpoint"],
    ],
    "azure-ml": [
        [f"online_{kind}.begin_create_or_update" for kind in ("endpoints", "deployments", "endpoints")],
        ["online_endpoints.begin_create_or_update"],
        ["online_endpoints.begin_delete"],
    ],
}  # By VERBS.
# Does what several lines of make say by one import, which takes seconds.
MAIN = """
import shlex, sys
sys.path.insert(0, sys.argv[1])
import deploy
for line in sys.argv[2:]:
    sys.argv = shlex.split(line)[1:]
    try:
        deploy.main()
    except SystemExit as end:
        print("exit", end.code)
    print("----")
"""
# No credentials, nor a search for them in the network.
NOWHERE = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AZURE_CLIENT_ID": "",
    "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    "GOOGLE_APPLICATION_CREDENTIALS": "",
    "NO_GCE_CHECK": "true",
}


def given(platform: str, **changes: str) -> list[str]:
    """What make is told, with changes."""
    return [f"{name}={value}" for name, value in {**GIVEN[platform], "TAG": "2", **changes}.items()]


@pytest.mark.parametrize("platform", GIVEN)
def test_a_dry_run_prints_each_call_that_would_be_made(bake: Bake, tmp_path: Path, platform: str) -> None:
    project = bake(deploy=platform)
    install = ("uv", "pip", "install", "--quiet", "--python", "deploy/.venv/bin/python")
    succeed("uv", "venv", "--quiet", "--python", sys.executable, "deploy/.venv", cwd=project)
    succeed(*install, "-r", "deploy/requirements.txt", cwd=project)
    folder = project / "deploy" / platform
    another = given(platform, IMAGE=GIVEN[platform]["IMAGE"].replace(":1", ":2"), DRY_RUN="1")
    lines = [succeed("make", "-n", verb, *given(platform, DRY_RUN="1"), cwd=project) for verb in VERBS]
    lines.append(succeed("make", "-n", "deploy", *another, cwd=project))
    lines.append(succeed("make", "-n", "undeploy", *given(platform), cwd=project))

    done = run("deploy/.venv/bin/python", "-c", MAIN, folder, *lines, cwd=project, HOME=str(tmp_path), **NOWHERE)
    *dry, other, refused, _ = done.stdout.split("----\n")

    assert [re.findall(r"^([a-z_.]+) ", said, re.MULTILINE) for said in dry] == CALLS[platform], done.stderr
    assert GIVEN[platform]["IMAGE"] in dry[0]
    assert {"sagemaker": '"PROTOCOLS": "sagemaker"', "vertex": '"/vertex/predict"', "azure-ml": "/predict"}[
        platform
    ] in dry[0]
    if platform != "sagemaker":
        for said in dry[:2]:
            assert 'VERSION_WITH_MOST_REQUESTS": 90' in said
    if platform == "azure-ml":  # The platform keeps an environment by its version.
        assert re.findall("  version: .*", dry[0]) != re.findall("  version: .*", other)
    assert refused.endswith("exit 2\n")
    assert re.fullmatch("Not taken down: there are no credentials of .*: run .*", done.stderr.strip())
    broken = next(path for path in folder.iterdir() if path.stem in ("model", "deployment"))
    broken.write_text(re.sub("PrimaryContainer|containerSpec|scoring_route", "misspelt", broken.read_text()))
    refusal = run("make", "deploy", *given(platform, DRY_RUN="1"), cwd=project).stderr.splitlines()
    assert len(refusal) == 2  # Of which the second is by make.
    assert re.match("Not deployed: .*(misspelt|scoring_route)", refusal[0])


WRONG = {
    "sagemaker": [
        ("deploy", {"IMAGE": "", "ROLE": "", "DRY_RUN": "1"}, "Not deployed: name IMAGE=…, ROLE=…"),
        ("deploy", {"IMAGE": "a b"}, "Not deployed: IMAGE must be an image in ECR"),
        ("deploy", {"IMAGE": "a:1"}, "Not deployed: IMAGE must be an image in ECR"),
        ("deploy", {"REGION": "eu-west-1"}, "Not deployed: IMAGE is in eu-central-1, but REGION is eu-west-1"),
        ("deploy", {"REGION": "", "AWS_REGION": "eu-west-1"}, "Not deployed: IMAGE is in eu-central-1, but REGION is"),
        ("deploy", {"ROLE": "admin"}, "Not deployed: ROLE must be a role as arn:aws:iam:"),
        ("deploy", {"MODEL_DATA": "model.tar.gz"}, "Not deployed: MODEL_DATA must be an archive as s3:"),
        ("deploy", {"TAG": "v1.0"}, "Not deployed: TAG must be 1 to 22 letters and digits"),
        ("rollout", {"TAG": "1_0"}, "Not rolled out: TAG must be 1 to 22 letters and digits"),
        ("rollout", {"TAG": "1", "REGION": "Frankfurt"}, "Not rolled out: REGION must be a region as eu-central-1"),
        ("rollout", {"TAG": ""}, "Not rolled out: name TAG=…"),
    ],
    "vertex": [
        ("deploy", {"IMAGE": "", "DRY_RUN": "1"}, "Not deployed: name IMAGE=…"),
        ("deploy", {"IMAGE": "a b"}, "Not deployed: IMAGE must be an image in Artifact Registry"),
        ("deploy", {"TAG": "a b"}, "Not deployed: TAG must be 1 to 63 letters"),
        ("deploy", {"PERCENT": "0"}, "Not deployed: PERCENT must be a whole number from 1 to 100"),
        ("rollout", {"PERCENT": "ten"}, "Not rolled out: PERCENT must be a whole number from 1 to 100"),
        ("rollout", {"TAG": ""}, "Not rolled out: name TAG=…"),
        ("undeploy", {"REGION": "eu west"}, "Not taken down: REGION must be a region as europe-west1"),
        ("undeploy", {"PROJECT": ""}, "Not taken down: name PROJECT=…"),
    ],
    "azure-ml": [
        ("deploy", {"IMAGE": "", "DRY_RUN": "1"}, "Not deployed: name IMAGE=…"),
        ("deploy", {"IMAGE": "a b"}, "Not deployed: IMAGE must be an image in a registry"),
        ("deploy", {"TAG": "V_1.0"}, "Not deployed: TAG must be 1 to 30 letters, digits and hyphens"),
        ("rollout", {"PERCENT": "101"}, "Not rolled out: PERCENT must be a whole number from 1 to 100"),
        ("rollout", {"TAG": ""}, "Not rolled out: name TAG=…"),
        ("undeploy", dict.fromkeys(GIVEN["azure-ml"], ""), "Not taken down: name SUBSCRIPTION=…, GROUP=…, WORKSPACE=…"),
    ],
}


@pytest.mark.parametrize("platform", GIVEN)
def test_what_is_missing_or_wrong_is_refused_in_a_line_before_the_sdk_is_imported(bake: Bake, platform: str) -> None:
    project = bake(deploy=platform)
    python = project / "deploy" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)  # It has no SDK.

    for verb, changes, said in WRONG[platform]:
        told = given(platform, **changes)
        refused = run("make", verb, *told, cwd=project, CLOUDSDK_CONFIG=str(project), CLOUDSDK_CORE_PROJECT="")
        line, by_make = refused.stderr.splitlines()

        assert line.startswith(said)
        assert by_make.endswith("Error 2")


def test_platforms_have_what_they_share_alike() -> None:
    for name in ("options.py", "traffic.py"):
        paths = [*TEMPLATE.glob(f"variants/deploy/*/deploy/*/{name}")]
        assert len(paths) > 1
        assert len({path.read_bytes() for path in paths}) == 1


def test_versions_share_all_requests() -> None:
    folder = TEMPLATE / "variants" / "deploy" / "vertex" / "deploy" / "vertex"

    share = run_path(str(folder / "traffic.py"))["share"]  # An import would leave a __pycache__ to be baked.

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
