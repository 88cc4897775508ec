"""The container image is built, and runs with as few rights as a strict platform gives it."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, ROOT, Bake, bake_into, run, skip_on_laptop, succeed
from tests.server import PATIENCE, ask, free_port

PASSENGER = json.dumps({"Age": 24, "Sex": "female", "Embarked": "C"}).encode()
LIGHTGBM = "lightgbm==4.6.0"
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
        self.environment: dict[str, str] = {}
        if shutil.which("docker") and run("docker", "info", cwd=folder).returncode == 0:
            return
        if not all(map(shutil.which, ("podman", "debootstrap", "runc"))):
            skip_on_laptop(
                "neither a docker engine nor podman, runc and debootstrap here: install one to test the image"
            )
        self.program = "podman"
        self.build_options = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull=never"]
        self.run_options = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
        self.environment = {"CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}
        dockerfile = (bake_into(folder, python_version="3.11") / "Dockerfile").read_text(encoding="utf-8")
        image = re.findall(r"^FROM (python\S+)", dockerfile, flags=re.MULTILINE)[0]
        succeed(ROOT / "tests" / "base_image.sh", folder, image, cwd=folder, **self.environment)

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
    options = " ".join(engine.build_options)
    succeed(
        "make", "build", f"CONTAINER={engine.program}", f"BUILD_OPTIONS={options}", cwd=folder, **engine.environment
    )
    port = free_port()
    container = engine(
        "run", "--detach", "--network", "host", "--env", f"PORT={port}", "--env", "HOST=127.0.0.1",
        "--env", "WORKERS=1", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", *engine.run_options, "titanic-survival-api",
    ).strip()  # fmt: skip
    try:
        assert wait_until_ready(port) == 200, engine("logs", container)
        status, _, body = ask(port, "POST", "/predict", {"Content-Type": "application/json"}, PASSENGER)
        user = engine("exec", container, "id", "-u").strip()
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


@pytest.mark.xdist_group("container")
def test_no_secret_gets_into_the_context_of_the_image(engine: Engine, bake: Bake, tmp_path: Path) -> None:
    folder = bake(python_version="3.11")
    for name in (".env", ".env.local", "tls.key", "api/.env", "api/tls.pem", "artifacts/1/.env", "bin/id.key"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("API_KEYS=secret\n", encoding="utf-8")
    base = re.findall(r"^FROM (python\S+)", (folder / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[0]
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nCOPY . /context\n", encoding="utf-8")

    engine("build", *engine.build_options, "--tag", "context", "--file", tmp_path / "Dockerfile", folder)
    options = ("--rm", "--network", "host", *engine.run_options)
    listed = engine("run", *options, "context", "find", "/context", "-type", "f").splitlines()
    found = run(
        engine.program, "run", *options, "context", "grep", "--recursive", "API_KEYS=secret", "/context",
        cwd=ROOT, **engine.environment,
    )  # fmt: skip

    assert "/context/api/settings.py" in listed
    assert found.stdout == ""


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
