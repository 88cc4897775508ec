"""The library is as it came, or comes from a package index."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, ROOT, TEMPLATE, run, succeed
from tests.owner.conftest import append, edit


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as a package index has it."""
    folder = tmp_path_factory.mktemp("index")
    source = folder / "modelapi"
    shutil.copytree(TEMPLATE / "vendor" / "modelapi", source, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    succeed("uv", "build", "--quiet", "--wheel", "--out-dir", folder / "dist", source, cwd=folder)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_everything_passes_with_the_wheel_in_the_place_of_the_folder(
    own: Callable[..., Path], wheel: Path, framework: str
) -> None:
    project = own(framework)
    version = wheel.name.split("-")[1]
    (project / ".venv").unlink()
    shutil.rmtree(project / "vendor")
    for name, extra in (("common", framework), ("develop", "redis,train")):
        edit(project / "requirements" / f"{name}.in", f"./vendor/modelapi[{extra}]", f"modelapi[{extra}]=={version}")
    for name in ("common", "develop", "tools"):
        edit(project / "requirements" / f"{name}.txt", "./vendor/modelapi\n", f"modelapi=={version}\n")

    succeed("make", "develop", "tools", f"PYTHON={sys.executable}", cwd=project, UV_FIND_LINKS=str(wheel.parent))
    printed = succeed("make", "check", "test", cwd=project)

    assert " passed" in printed
    assert not (project / "vendor").exists()


def test_an_edit_of_the_library_is_noticed_and_named(own: Callable[..., Path]) -> None:
    project = own("fastapi")
    succeed(ROOT / "bin" / "seal", project / "vendor" / "modelapi", cwd=project)
    command = (".venv/bin/python", "-m", "pytest", "-q", "tests/test_project.py", "-k", "as_it_came")
    succeed(*command, cwd=project)
    append(project / "vendor" / "modelapi" / "src" / "modelapi" / "serving" / "rates.py", "# Faster.\n")

    done = run(*command, cwd=project)

    assert done.returncode == 1
    assert "src/modelapi/serving/rates.py" in done.stdout
