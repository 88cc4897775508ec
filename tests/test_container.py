"""The container image is built, and runs with as few rights as a strict platform gives it."""

import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FRAMEWORKS, ROOT, Bake, bake_into, run, skip_on_laptop, succeed
from tests.server import PATIENCE, ask, free_port

PASSENGER = json.dumps({"Age": 24, "Sex": "female", "Embarked": "C"}).encode()
LIGHTGBM = "lightgbm==4.6.0"
CYCLONEDX = "cyclonedx-python-lib==11.12.0"  # For its copy of the schema.
# Not as a graph but by itself it needs a library of the system, which its wheel does not bring along.
BOOSTER = """
import pandas as pd
from lightgbm import LGBMClassifier
from modelapi.packaging import package
from steps.train import build_pipeline

rows = pd.read_csv("data/titanic.csv")
X, y = rows[["Age", "Sex", "Embarked"]], rows["Survived"]
pipeline = build_pipeline(X, "classification")
pipeline.steps[-1] = ("booster", LGBMClassifier(n_estimators=5, verbose=-1))
package(pipeline.fit(X, y), X, y, engine="sklearn")
"""
NAME = "titanic-survival-api"
RIGHTS = (
    *("--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)
# What an image holds: the project's files, what is installed and how much that is; and what a program in it is told.
LOOK = """
import hashlib, json, os, sysconfig
from importlib import metadata
from pathlib import Path

files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in Path().rglob("*") if path.is_file()}
size = sum(path.stat().st_size for path in Path(sysconfig.get_path("purelib")).rglob("*") if path.is_file())
installed = sorted(f"{one.name}=={one.version}" for one in metadata.distributions())
environ = {name: value for name, value in os.environ.items() if name != "HOSTNAME"}
print(json.dumps({"files": files, "bytes": size, "installed": installed, "environ": environ, "cwd": os.getcwd()}))
"""
STORAGE = """[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""


class Engine:
    """docker, or podman with a storage and a base image of its own."""

    def __init__(self, folder: Path) -> None:
        self.program = "docker"
        self.build_options: list[str] = []
        self.run_options: list[str] = []
        self.save_options: list[str] = []
        self.environment: dict[str, str] = {}
        dockerfile = (bake_into(folder, python_version="3.11") / "Dockerfile").read_text(encoding="utf-8")
        self.base = re.findall(r"^FROM (python\S+)", dockerfile, flags=re.MULTILINE)[0]
        if shutil.which("docker") and run("docker", "info", cwd=folder).returncode == 0:
            return
        if not all(map(shutil.which, ("podman", "debootstrap", "runc"))):
            skip_on_laptop(
                "neither a docker engine nor podman, runc and debootstrap here: install one to test the image"
            )
        self.program = "podman"
        self.build_options = ["--isolation", "chroot", "--network", "host", "--pull=never"]
        self.save_options = ["--format", "oci-archive"]
        self.run_options = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
        self.environment = {"CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}
        succeed(ROOT / "tests" / "base_image.sh", folder, self.base, cwd=folder, **self.environment)

    def __call__(self, *arguments: object) -> str:
        options = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"] if self.program == "podman" else []
        return succeed(self.program, *options, *arguments, cwd=ROOT, **self.environment)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("container")
    engine = Engine(folder)
    yield engine
    if engine.program == "podman":
        engine("system", "reset", "--force")


@pytest.mark.xdist_group("container")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_image_is_built_and_serves_with_few_rights(
    engine: Engine, project: Callable[..., Path], tmp_path: Path, framework: str
) -> None:
    folder = project(framework, python_version="3.11")
    if framework == "flask":  # One of the two images is that of a booster.
        package_booster(folder, tmp_path)

    build(engine, folder)

    serves(engine, folder)
    labels = look(engine)["labels"]
    manifest = folder / "artifacts" / labels["modelapi.model.version"] / "manifest.json"
    assert labels["modelapi.model.sha256"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert labels["org.opencontainers.image.title"] == "Titanic Survival API"


@pytest.mark.xdist_group("container")
def test_without_an_engine_the_same_image_is_made_and_twice_the_same_bits(
    engine: Engine, project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = project("fastapi", python_version="3.11")
    base, moved = tmp_path / "base.oci.tar", tmp_path / "anders wo"
    version = (folder / "artifacts" / "CURRENT").read_text().strip()
    build(engine, folder)
    expected = look(engine)
    engine("save", *engine.save_options, "--output", base, engine.base)
    shutil.copytree(folder, moved, symlinks=True, copy_function=shutil.copyfile)

    said = succeed("make", "image", f"BASE={base}", f"OUTPUT={tmp_path / '1.oci.tar'}", cwd=folder)
    again = f'umask 077; make image BASE="{base}" OUTPUT="{tmp_path}/2.oci.tar" MODEL_VERSION={version}'
    succeed("bash", "-c", again, cwd=moved, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="7")

    assert filecmp.cmp(tmp_path / "1.oci.tar", tmp_path / "2.oci.tar", shallow=False)
    bill = tmp_path / "1.cdx.json"
    check_bill(bill, tmp_path)
    engine("rmi", "--force", NAME)
    engine("load", "--input", tmp_path / "1.oci.tar")
    assert engine("image", "inspect", "--format", "{{.Digest}}", NAME).strip() in said
    found = look(engine)
    assert found.pop("files") == {
        **expected.pop("files"),
        "sbom.cdx.json": hashlib.sha256(bill.read_bytes()).hexdigest(),
    }
    assert found.pop("bytes") <= expected.pop("bytes") < 200_000_000
    assert found == expected
    serves(engine, folder)


@pytest.mark.xdist_group("container")
def test_an_image_serves_a_model_that_is_mounted(engine: Engine, project: Callable[..., Path]) -> None:
    folder = project("fastapi", python_version="3.11")
    build(engine, folder)
    mounted = ("--volume", f"{folder / 'artifacts'}:/model:ro", "--env", "MODEL_DIR=/model")

    serves(engine, folder, *mounted)


@pytest.mark.xdist_group("container")
def test_no_secret_gets_into_the_context_of_the_image(engine: Engine, bake: Bake, tmp_path: Path) -> None:
    folder = bake(python_version="3.11")
    for name in (".env", ".env.local", "tls.key", "api/.env", "api/tls.pem", "artifacts/1/.env", "bin/id.key"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("API_KEYS=secret\n", encoding="utf-8")
    (tmp_path / "Dockerfile").write_text(f"FROM {engine.base}\nCOPY . /context\n", encoding="utf-8")

    engine("build", *engine.build_options, "--tag", "context", "--file", tmp_path / "Dockerfile", folder)
    options = ("--rm", "--network", "host", *engine.run_options)
    listed = engine("run", *options, "context", "find", "/context", "-type", "f").splitlines()
    found = run(
        engine.program, "run", *options, "context", "grep", "--recursive", "API_KEYS=secret", "/context",
        cwd=ROOT, **engine.environment,
    )  # fmt: skip

    assert "/context/api/settings.py" in listed
    assert found.stdout == ""


def build(engine: Engine, folder: Path) -> None:
    options = " ".join(engine.build_options)
    succeed(
        "make", "build", f"CONTAINER={engine.program}", f"BUILD_OPTIONS={options}", cwd=folder, **engine.environment
    )


def look(engine: Engine) -> dict[str, Any]:
    """Tell what the image holds, and how it runs."""
    said = engine("run", *RIGHTS, "--rm", *engine.run_options, "--entrypoint", "python", NAME, "-c", LOOK)
    labels = engine("image", "inspect", "--format", "{{json .Config.Labels}}", NAME)
    return {**json.loads(said), "labels": json.loads(labels)}


def serves(engine: Engine, folder: Path, *options: str) -> None:
    """Start the image with as few rights as can be and in the smallest locale, ask it, and stop it."""
    found = re.search(r"^HEALTHCHECK .*\\\n +CMD (.*)$", (folder / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert found is not None
    health, port = json.loads(found[1]), free_port()
    settings = ("--env", f"PORT={port}", "--env", "HOST=127.0.0.1", "--env", "WORKERS=1", "--env", "LC_ALL=POSIX")
    container = engine("run", "--detach", *RIGHTS, *settings, *engine.run_options, *options, NAME).strip()
    try:
        assert wait_until_ready(port) == 200, engine("logs", container)
        status, _, body = ask(port, "POST", "/predict", {"Content-Type": "application/json"}, PASSENGER)
        engine("exec", container, *health)
        user = engine("exec", container, "python", "-c", "import os; print(os.getuid())").strip()
        missing = run(
            engine.program, "exec", container, "python", "-c", "import pytest", cwd=ROOT, **engine.environment
        )
        engine("stop", "--time", "15", container)
        code = engine("inspect", "--format", "{{.State.ExitCode}}", container).strip()
    finally:
        subprocess.run(
            [engine.program, "rm", "--force", container],
            env={**os.environ, **engine.environment},
            timeout=PATIENCE,
            check=False,
        )

    assert (status, json.loads(body)) == (200, {"prediction": [1]})
    assert user == "10001"
    assert missing.returncode != 0
    assert code == "0"


def check_bill(path: Path, folder: Path) -> None:
    install = ("uv", "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", folder)
    succeed(*install, CYCLONEDX, cwd=folder)
    schema = folder / "cyclonedx" / "schema" / "_res" / "bom-1.6.SNAPSHOT.schema.json"
    succeed("check-jsonschema", "--schemafile", schema, "--base-uri", schema.as_uri(), path, cwd=folder)


def package_booster(folder: Path, libraries: Path) -> None:
    install = ("uv", "pip", "install", "--quiet", "--python", ".venv/bin/python", "--no-deps", "--target", libraries)
    succeed(*install, LIGHTGBM, cwd=folder)
    succeed(".venv/bin/python", "-c", BOOSTER, cwd=folder, PYTHONPATH=os.pathsep.join([str(libraries), "."]))


def wait_until_ready(port: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return ask(port, "GET", "/ready")[0]
        except OSError:
            time.sleep(0.1)
    return 0
