"""modelapi keeps its promises in both frameworks: its own tests run in the environment of a project."""

import os

import pytest

from tests.conftest import ROOT, Installed, succeed

PARTS = [("fastapi", "web"), ("flask", "web"), ("fastapi", "not web")]


@pytest.mark.parametrize(("framework", "part"), PARTS)
def test_the_librarys_own_tests_pass(installed: Installed, framework: str, part: str) -> None:
    python = installed(framework) / ".venv" / "bin" / "python"

    succeed(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("tests/library", "--framework", framework, "-m", part),
        cwd=ROOT,
        PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    )
