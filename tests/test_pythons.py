"""The newest Python that is offered works, and what lacks a wheel for a newer one is named."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import QUESTIONS, ROOT, Bake, bake_into, run, skip_on_laptop, succeed, without_uv

SCRIPT = ROOT / "tests" / "pythons.sh"
NEWEST = QUESTIONS["python_version"][0]
TOO_NEW = "3.15"


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Path]:
    """A Debian with Pythons that this machine need not have, and a project in /project."""
    if os.geteuid() or not all(map(shutil.which, ("debootstrap", "unshare", "apt-get"))):
        skip_on_laptop("no debootstrap here, or no right to run it: be root and install it to test the newest Python")
    root = tmp_path / "debian"
    succeed(SCRIPT, root, NEWEST, TOO_NEW, cwd=tmp_path)
    # It installs in half of pip's time.
    shutil.copy2(str(shutil.which("uv")), root / "usr" / "local" / "bin")
    bake_into(tmp_path / "baked").rename(root / "project")
    yield root
    shutil.rmtree(root)


def test_the_newest_python_works_after_a_newer_one_was_tried(debian: Path) -> None:
    make = (SCRIPT, debian, "--", "make", "-C", "/project")

    refused = run(*make, "develop", f"PYTHON=python{TOO_NEW}", cwd=debian)
    succeed(*make, "develop", "train", f"PYTHON=python{NEWEST}", cwd=debian)
    succeed(*make, "check", "test", cwd=debian)

    assert refused.returncode != 0
    assert re.search(
        rf"^There is no wheel for Python {TOO_NEW}\.\S+ of .*\bnumpy==.*: make develop PYTHON=python3\.13$",
        refused.stderr,
        flags=re.MULTILINE,
    )
    version = succeed(SCRIPT, debian, "--", "/project/.venv/bin/python", "-V", cwd=debian)
    assert version.startswith(f"Python {NEWEST}.")


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
