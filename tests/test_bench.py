"""The benchmark suite runs, and says what it lacks."""

import os
import shutil
import sys

from tests.conftest import ROOT, run, skip_on_laptop


def test_a_short_run_measures_both_frameworks_and_their_hello_world() -> None:
    if not shutil.which("wrk"):
        skip_on_laptop("needs wrk")

    done = run(sys.executable, "bin/bench", "--quick", "--rounds", "1", "--seconds", "1", cwd=ROOT, timeout=900)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "req/s, times its own hello world" in done.stdout
    assert "not measured" not in done.stdout


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
