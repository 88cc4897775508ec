"""The benchmark suite runs, and says what it lacks."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.build import TEMPLATE, BenchError
from benchmarks.edits import add_dependency, add_route
from tests.conftest import FRAMEWORKS, ROOT, run, skip_on_laptop


def test_a_short_run_measures_both_frameworks_their_hello_world_and_an_own_route() -> None:
    if not shutil.which("wrk"):
        skip_on_laptop("needs wrk")

    done = run(sys.executable, "bin/bench", "--quick", "--rounds", "1", "--seconds", "1", cwd=ROOT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "req/s, times its own hello world" in done.stdout
    assert "own route, CPU a request, times the plain framework" in done.stdout
    assert "not measured" not in done.stdout


@pytest.fixture
def routes(tmp_path: Path, framework: str) -> Path:
    """A copy of the routes that a framework's project begins with."""
    return Path(shutil.copy(TEMPLATE / "variants" / "framework" / framework / "api" / "routes.py", tmp_path))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_own_route_is_python_that_fits_the_routes_of_a_project(routes: Path, framework: str) -> None:
    add_route(routes, framework)

    compile(routes.read_text(), routes, "exec")
    assert '"/greeting"' in routes.read_text()


@pytest.mark.parametrize("framework", ["fastapi"])
def test_the_own_dependency_is_asked_for_once(routes: Path, framework: str) -> None:
    add_dependency(routes, framework)

    compile(routes.read_text(), routes, "exec")
    assert routes.read_text().count("Depends(find_team)") == 1
    with pytest.raises(BenchError, match="does not hold"):
        add_dependency(routes, framework)


def test_without_wrk_it_says_what_to_install() -> None:
    path = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if not shutil.which("wrk", path=one))

    done = run(sys.executable, "bin/bench", "--quick", cwd=ROOT, PATH=path)

    assert done.returncode != 0
    assert "wrk" in done.stderr
    assert "apt-get install wrk" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_server_is_refused() -> None:
    done = run(sys.executable, "bin/bench", "--only", "nothing", cwd=ROOT)

    assert done.returncode != 0
    assert "nothing" in done.stderr
