"""Several worker processes are one service."""

import json
import os
import re
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.server import PATIENCE, ask, serve

PASSENGER = json.dumps({"Age": 24, "Sex": "female", "Embarked": "C"}).encode()
JSON = {"Content-Type": "application/json"}

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes in /proc")


def sockets(process: int) -> set[str]:
    """List the sockets that a process holds."""
    try:
        return {os.readlink(handle) for handle in Path(f"/proc/{process}/fd").iterdir()}
    except OSError:  # It has ended, or is not ours.
        return set()


def workers(port: int) -> list[int]:
    """Find the processes that listen on a port and were forked for it, not the one that looks after them."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    listening = {
        f"socket:[{fields[9]}]" for fields in lines if fields[1] == f"0100007F:{port:04X}" and fields[3] == "0A"
    }
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It has ended.
            if sockets(int(folder.name)) & listening:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return sorted(one for one, parent in parents.items() if parent in parents)


def memory(port: int) -> int:
    """Read the resident memory of the workers, in KB."""
    lines = (line for one in workers(port) for line in Path(f"/proc/{one}/status").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def wait_for_workers(port: int, number: int, gone: int | None = None) -> list[int]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = workers(port)
        if len(found) == number and gone not in found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"there are not {number} workers after {PATIENCE} s: {workers(port)}")


def predict(port: int, times: int) -> set[int]:
    return {ask(port, "POST", "/predict", JSON, PASSENGER)[0] for _ in range(times)}


@needs_proc
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_metrics_are_right_across_workers_and_after_one_was_replaced(installed: Installed, framework: str) -> None:
    with serve(installed(framework), WORKERS="2") as port:
        first, _ = wait_for_workers(port, 2)
        assert predict(port, 40) == {200}
        wait_for_counts(port, (["40.0"], [], ["40.0"], ["1.0"]))

        os.kill(first, signal.SIGKILL)
        wait_for_workers(port, 2, gone=first)
        assert predict(port, 40) == {200}
        ask(port, "POST", "/predict", JSON, b"[]")

        for _ in range(8):  # Whichever worker is asked says the same.
            wait_for_counts(port, (["80.0"], ["1.0"], ["80.0"], ["1.0"]))


def wait_for_counts(port: int, expected: tuple[list[str], ...]) -> None:
    """Wait until metrics say so, for a request is counted just after its answer."""
    deadline = time.monotonic() + PATIENCE
    while (counts := read_counts(port)) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert counts == expected


def read_counts(port: int) -> tuple[list[str], ...]:
    """Read the answers by status, the rows, and how many requests are in progress."""
    metrics = ask(port, "GET", "/metrics")[2].decode()
    names = (
        'http_requests_total{route="/predict",status="200"}',
        'http_requests_total{route="/predict",status="422"}',
        "model_rows_total",
        "http_requests_in_progress",
    )
    return tuple(re.findall(rf"^{re.escape(name)} (\S+)$", metrics, re.MULTILINE) for name in names)


@needs_proc
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nothing_is_left_when_the_server_has_stopped(installed: Installed, framework: str) -> None:
    with serve(installed(framework), WORKERS="2") as port:
        found = wait_for_workers(port, 2)
        open_files = [Path(os.readlink(handle)) for handle in Path(f"/proc/{found[0]}/fd").iterdir()]
        (counts,) = {file.parent for file in open_files if file.suffix == ".lock"}
        assert counts.is_dir()

    assert not [one for one in found if Path(f"/proc/{one}").exists()]
    assert not counts.exists()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_all_addresses_of_both_families_are_served(installed: Installed, framework: str) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with serve(installed(framework), HOST="::") as port:
        assert ask(port, "GET", "/health")[0] == 200
        with socket.create_connection(("::1", port), timeout=PATIENCE):
            pass
