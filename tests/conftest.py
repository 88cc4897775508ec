"""What the tests share: bakes, which cost 50 ms, and one installed, trained project for each framework."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.main import cookiecutter
from filelock import FileLock
from pytest_cookies.plugin import Cookies

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
FRAMEWORKS = QUESTIONS["framework"]
CI = os.environ.get("CI") == "true"
GUNICORN = "gunicorn==27.0.1"

# Several tests share few cores: let threads of OpenMP and BLAS that wait for each other sleep, and not spin.
os.environ |= {"OMP_WAIT_POLICY": "passive", "OPENBLAS_THREAD_TIMEOUT": "4"}

collect_ignore = ["library"]  # It needs what a project has installed: see test_library.py.

Bake = Callable[..., Path]
Ask = Callable[..., dict[str, Any]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", type=int, default=1, help="how many times as long the tests of faults last")
    parser.addoption("--screenshots", type=Path, help="a folder for pictures of all pages")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and let xdist find its groups, written where pytest 9.2 does not look any more."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/test_library.py"))
    for item in items:
        if "@" in (grouped := getattr(item, "_nodeid", "")):
            item._id = type(item._id).parse(grouped)


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> int:
    factor: int = request.config.getoption("--soak")
    return factor


def run(*command: object, cwd: Path, timeout: int = 3600, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with variables added to the environment."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def succeed(*command: object, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = run(*command, cwd=cwd, **environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def skip_on_laptop(reason: str) -> None:
    """Skip a test that needs a missing part of the system; CI has to have it."""
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def bake(cookies: Cookies) -> Bake:
    """Bake into an empty folder: bake(framework="flask")."""

    def bake_with(**answers: str) -> Path:
        result = cookies.bake(extra_context=answers, template=str(ROOT))
        assert result.exception is None, result.exception
        return Path(result.project_path)

    return bake_with


def bake_into(folder: Path, **answers: str) -> Path:
    return Path(cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(folder)))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


Installed = Callable[[str], Path]


@pytest.fixture(scope="session")
def installed(shared: Path) -> Installed:
    """Return the project of a framework, baked, installed and trained once; not to be changed."""

    def install(framework: str) -> Path:
        folder = shared / f"installed-{framework}"
        with FileLock(shared / f"{framework}.lock", timeout=3600):
            if not (folder / "done").exists():
                project = bake_into(folder, framework=framework)
                # One of the two is installed as where there is no uv.
                path = without_uv() if framework == "flask" else os.environ["PATH"]
                succeed("make", "develop", "tools", f"PYTHON={sys.executable}", cwd=project, PATH=path)
                succeed("make", "train", cwd=project)
                if framework == "flask":  # Which serves `wsgi:app`, but is not of the project.
                    succeed("uv", "pip", "install", "--quiet", "--python", ".venv/bin/python", GUNICORN, cwd=project)
                (folder / "done").touch()
        return folder / "titanic-survival-api"

    return install


def without_uv() -> str:
    return os.pathsep.join(
        folder for folder in os.environ["PATH"].split(os.pathsep) if not shutil.which("uv", path=folder)
    )


@pytest.fixture(scope="module")
def ask(installed: Installed) -> Iterator[Ask]:
    """Ask a process where a project is installed what becomes of a table; see table_worker.py."""
    project = installed("fastapi")
    command = [project / ".venv" / "bin" / "python", ROOT / "tests" / "table_worker.py", project]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=project) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        stdin, stdout = worker.stdin, worker.stdout

        def order(**order: object) -> dict[str, Any]:
            stdin.write(json.dumps(order, default=str) + "\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            assert "traceback" not in answer, answer["traceback"]
            return answer

        yield order
        stdin.close()


@pytest.fixture
def project(installed: Installed, bake: Bake) -> Callable[..., Path]:
    """Return a project that a test may change; it borrows the environment of the installed one."""

    def make_project(framework: str, **answers: str) -> Path:
        borrowed = installed(framework)
        folder = bake(framework=framework, **answers)
        (folder / ".venv").symlink_to(borrowed / ".venv")
        shutil.copytree(borrowed / "artifacts", folder / "artifacts")
        return folder

    return make_project
