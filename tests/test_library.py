"""modelapi keeps its promises in both frameworks: its own tests run in the environment of a project."""

import os

import pytest

from tests.conftest import FRAMEWORKS, ROOT, Installed, succeed


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_librarys_own_tests_pass(installed: Installed, framework: str) -> None:
    python = installed(framework) / ".venv" / "bin" / "python"

    succeed(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/library", "--framework", framework),
        cwd=ROOT,
        PYTEST_ADDOPTS="",  # What is set for this run is not for that one.
        PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    )
