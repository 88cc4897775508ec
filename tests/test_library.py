"""modelapi keeps its promises in both frameworks: its own tests run in the environment of a project."""

from pathlib import Path

import pytest

from tests.conftest import ROOT, Installed, succeed

# What a project's own tests may do without.
BESIDES = ("httpx2==2.16.2", "jsonschema==4.26.0", "openapi-spec-validator==0.9.0", "openpyxl==3.1.5")
# What explanations are compared with; all else that it stands on is in each project.
SHAP = ("shap==0.51.0", "numba==0.68.1", "llvmlite==0.50.0", "slicer==0.0.8", "cloudpickle==3.1.3", "tqdm==4.70.1")
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
    install = ("uv", "pip", "install", "--quiet", "--python", python, "--target", target)
    besides = [pin for pin in BESIDES if pin.partition("==")[0] not in has]
    succeed(*install, "--constraint", constraints, *besides, cwd=project)
    if part == "not web":
        succeed(*install, "--no-deps", *SHAP, cwd=project)

    succeed(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("tests/library", "--framework", framework, "-m", part),
        cwd=ROOT,
        PYTHONPATH=str(target),
    )
