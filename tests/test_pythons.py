"""No Python is refused for being new: what lacks a wheel for it is named."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bake, run, succeed, without_uv

with_each_tool = pytest.mark.parametrize("tool", ["pip", "uv"])


def develop(project: Path, tool: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = without_uv() if tool == "pip" else os.environ["PATH"]
    alone = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
    return run("make", "develop", f"PYTHON={sys.executable}", cwd=project, PATH=path, **alone, **environment)


@with_each_tool
def test_all_that_has_no_wheel_is_named_with_the_remedy(bake: Bake, tmp_path: Path, tool: str) -> None:
    project = bake()
    pins = "absent==1.0\nother-absent==2.0 ; python_version > '3'\n"
    (project / "requirements" / "develop.txt").write_text(pins, encoding="utf-8")
    for name in ("absent-1.0.tar.gz", "other_absent-2.0.tar.gz"):
        (tmp_path / name).touch()
    links = {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "UV_FIND_LINKS": str(tmp_path)}

    done = develop(project, tool, **links)

    remedy = "make develop PYTHON=python3.13"
    line = f"There is no wheel for Python {platform.python_version()} of absent==1.0, other-absent==2.0: {remedy}"
    assert done.returncode != 0
    assert line in done.stderr.splitlines()


@with_each_tool
def test_no_wheel_is_blamed_where_there_is_no_network(bake: Bake, tool: str) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/"}

    done = develop(bake(), tool, **nowhere, PIP_RETRIES="1", UV_HTTP_RETRIES="0")

    assert done.returncode != 0
    assert "no wheel" not in done.stderr


@with_each_tool
def test_an_environment_of_another_python_is_made_anew(bake: Bake, tool: str) -> None:
    project = bake()
    (project / "requirements" / "develop.txt").write_text("# Nothing.\n", encoding="utf-8")
    other = project / ".venv" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.symlink_to(project / "other")
    (project / "other").write_text("#!/bin/sh\necho Python 3.10.1\n", encoding="utf-8")
    (project / "other").chmod(0o755)
    (project / ".venv" / "pyvenv.cfg").touch()

    done = develop(project, tool)

    assert done.returncode == 0, done.stderr
    assert succeed(other, "-V", cwd=project) == f"Python {platform.python_version()}\n"
