"""A file system that does not answer any more, as one of a network can."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, Installed, skip_on_laptop
from tests.faults.load import ONE, ask, request
from tests.server import PATIENCE, start, stop, wait_until_ready
from tests.test_workers import wait_for_workers

PROBES = [request("GET", "/health"), request("GET", "/ready"), ONE]


@contextmanager
def mounted(source: Path, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Show a folder at another place, by a process that answers for each look at it; yields the process."""
    if not shutil.which("fuse-overlayfs") or not os.access("/dev/fuse", os.W_OK):
        skip_on_laptop("needs fuse-overlayfs")
    folder.mkdir()
    command = ["fuse-overlayfs", "-f", "-o", f"lowerdir={source},timeout=0", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not folder.is_mount():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        subprocess.run(["umount", "--lazy", folder], check=True)
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_all_is_answered_and_the_server_ends_while_artifacts_does_not_answer(
    installed: Installed, framework: str, tmp_path: Path
) -> None:
    project = installed(framework)
    with mounted(project / "artifacts", tmp_path / "artifacts") as storage:
        server, port, _ = start(project, MODEL_DIR=str(tmp_path / "artifacts"), SHUTDOWN_DELAY="0.1")
        try:
            storage.send_signal(signal.SIGSTOP)
            ends = time.monotonic() + 1  # In which CURRENT is looked at ten times.
            while time.monotonic() < ends:
                for content in PROBES:
                    assert asyncio.run(ask(port, content)).status == 200

            server.send_signal(signal.SIGTERM)
            assert server.wait(PATIENCE) == 0
        finally:
            storage.send_signal(signal.SIGCONT)
            stop(server)


def test_a_worker_that_starts_while_artifacts_does_not_answer_serves_when_it_does_again(
    installed: Installed, tmp_path: Path
) -> None:
    project = installed("flask")
    with mounted(project / "artifacts", tmp_path / "artifacts") as storage:
        server, port, log = start(project, MODEL_DIR=str(tmp_path / "artifacts"), SHUTDOWN_DELAY="0.1")
        try:
            (victim,) = wait_for_workers(port, 1)
            storage.send_signal(signal.SIGSTOP)
            os.kill(victim, signal.SIGKILL)
            wait_for_workers(port, 1, gone=victim)

            storage.send_signal(signal.SIGCONT)
            wait_until_ready(server, port, log)
        finally:
            storage.send_signal(signal.SIGCONT)
            stop(server)
