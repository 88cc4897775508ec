"""The production server, as a process: it keeps its workers, and ends when it is told to."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from modelapi import package

from tests.library.packages import forge
from tests.library.web import SECONDS, Record

Server = tuple["subprocess.Popen[bytes]", int]

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes in /proc")


def ask(port: int, method: str, path: str, body: bytes | None = None) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serve(site: Path, folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "modelapi", "serve", "--host=127.0.0.1", f"--port={port}", "--workers=1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=site, env={**os.environ, "SHUTDOWN_DELAY": "0.5"}, stdout=log, stderr=log
        )
    try:
        wait_until_ready(port)
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(site, tmp_path_factory.mktemp("server")) as serving:
        yield serving


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if ask(port, "GET", "/ready") == 200:
                return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)


def worker(port: int) -> int:
    """Find the process that takes a connection, by who holds the other end."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            ours = f":{connection.getsockname()[1]:04X}"
            time.sleep(0.05)  # To be taken.
            lines = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:])
            sockets = {f"socket:[{fields[9]}]" for fields in lines if fields[2].endswith(ours)}
            for handle in Path("/proc").glob("[0-9]*/fd/*"):
                with suppress(OSError):  # It has ended.
                    if os.readlink(handle) in sockets:
                        return int(handle.parts[2])
    raise AssertionError("nobody takes a connection")


def test_a_worker_that_was_killed_is_replaced(server: Server, record: Record) -> None:
    _, port = server
    first = worker(port)

    os.kill(first, signal.SIGKILL)
    wait_until_ready(port)

    assert worker(port) != first
    assert ask(port, "POST", "/predict", json.dumps(record).encode()) == 200


def test_workers_are_replaced_at_a_sighup(server: Server) -> None:
    process, port = server
    first = worker(port)

    process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + SECONDS
    while worker(port) == first:
        assert time.monotonic() < deadline, "it is still the same worker"
        time.sleep(0.05)

    assert ask(port, "GET", "/health") == 200


def test_the_server_says_where_it_is_and_that_it_stops_and_ends_without_an_error(site: Path, tmp_path: Path) -> None:
    with serve(site, tmp_path) as (process, port):
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + SECONDS
        while ask(port, "GET", "/ready") != 503:
            assert time.monotonic() < deadline, "/ready does not say it"

        assert process.wait(SECONDS) == 0

    lines = [json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    assert [(one["host"], one["port"]) for one in lines if one["event"] == "server started"] == [("127.0.0.1", port)]


def test_workers_end_with_their_supervisor(site: Path, tmp_path: Path) -> None:
    with serve(site, tmp_path) as (process, port):
        process.kill()
        deadline = time.monotonic() + SECONDS
        with suppress(OSError):
            while ask(port, "GET", "/health"):
                assert time.monotonic() < deadline, "a worker goes on"
                time.sleep(0.05)


def test_a_model_that_no_worker_can_load_ends_the_start_with_the_reason(site: Path, tmp_path: Path) -> None:
    from api.settings import Settings

    whole = package.current(Settings.load().model_dir)
    folder = tmp_path / "artifacts" / whole.name
    shutil.copytree(whole, folder)
    (name,) = (path.name for path in folder.glob("model.*"))
    forge(folder, {name: b"garbage"})

    environment = {**os.environ, "MODEL_DIR": str(folder.parent), "PORT": str(free_port())}
    command = [sys.executable, "-m", "modelapi", "serve", "--workers=1"]
    done = subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, timeout=SECONDS)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Not started: ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_not_to_be_served_is_a_problem(server: Server, sent: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", server[1]), timeout=SECONDS) as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in answer
