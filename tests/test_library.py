"""modelapi keeps its promises in both frameworks: its own tests run in the environment of a project."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Installed, succeed

# What a project's own tests may do without.
BESIDES = (
    *("httpx2==2.16.2", "jsonschema==4.26.0", "openapi-spec-validator==0.9.0", "openpyxl==3.1.5"),
    *("opentelemetry-exporter-otlp-proto-http==1.45.2", "opentelemetry-sdk==1.45.2"),
)
# The SDK of the Model Context Protocol, with what it stands on that a project of Flask has not.
MCP = (
    *("mcp==2.3.0", "mcp-types==2.3.0", "opentelemetry-api==1.45.2", "sse-starlette==3.7.0", "starlette==1.10.0"),
    *("cffi==2.1.1", "cryptography==50.0.2", "pycparser==3.12", "pyjwt==2.15.1", "python-multipart==0.0.34"),
)
# What explanations are compared with; all else that it stands on is in each project.
SHAP = ("shap==0.51.0", "numba==0.68.1", "llvmlite==0.50.0", "slicer==0.0.8", "cloudpickle==3.1.3", "tqdm==4.70.1")
PARTS = [("fastapi", "web"), ("flask", "web"), ("fastapi", "not web")]


def install_besides(project: Path, pins: Iterable[str], folder: Path) -> Path:
    """Install packages that a project has not into a folder, for PYTHONPATH, together with what the project has."""
    lines = (project / "requirements" / "develop.txt").read_text(encoding="utf-8").splitlines()
    theirs = [line for line in lines if "==" in line]
    has = {pin.partition("==")[0] for pin in theirs}
    constraints, target = folder / "constraints.txt", folder / "packages"
    constraints.write_text("\n".join(theirs), encoding="utf-8")
    succeed(
        *("uv", "pip", "install", "--quiet", "--python", project / ".venv" / "bin" / "python", "--target", target),
        *("--constraint", constraints, *(pin for pin in pins if pin.partition("==")[0] not in has)),
        cwd=project,
    )
    return target


@pytest.mark.parametrize(("framework", "part"), PARTS)
def test_the_librarys_own_tests_pass(installed: Installed, tmp_path: Path, framework: str, part: str) -> None:
    project = installed(framework)
    python = project / ".venv" / "bin" / "python"
    target = install_besides(project, (*BESIDES, *MCP), tmp_path)
    if part == "not web":
        install = ("uv", "pip", "install", "--quiet", "--python", python, "--target", target)
        succeed(*install, "--no-deps", *SHAP, cwd=project)

    succeed(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("tests/library", "--framework", framework, "-m", part),
        cwd=ROOT,
        PYTHONPATH=str(target),
    )
