"""modelapi keeps its promises in both frameworks: its own tests run in the environment of a project."""

from pathlib import Path

import pytest

from tests.conftest import ROOT, Installed, succeed

# What a project's own tests may do without.
BESIDES = ("httpx2==2.16.2", "jsonschema==4.26.0", "openapi-spec-validator==0.9.0", "openpyxl==3.1.5")
PARTS = [("fastapi", "web"), ("flask", "web"), ("fastapi", "not web")]


@pytest.mark.parametrize(("framework", "part"), PARTS)
def test_the_librarys_own_tests_pass(installed: Installed, tmp_path: Path, framework: str, part: str) -> None:
    project = installed(framework)
    python = project / ".venv" / "bin" / "python"
    lines = (project / "requirements" / "develop.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if "==" in line]
    has = {pin.partition("==")[0] for pin in pins}
    constraints, target = tmp_path / "constraints.txt", tmp_path / "packages"
    constraints.write_text("\n".join(pins), encoding="utf-8")
    succeed(
        *("uv", "pip", "install", "--quiet", "--python", python, "--target", target),
        *("--constraint", constraints, *(pin for pin in BESIDES if pin.partition("==")[0] not in has)),
        cwd=project,
    )

    succeed(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("tests/library", "--framework", framework, "-m", part),
        cwd=ROOT,
        PYTHONPATH=str(target),
    )
