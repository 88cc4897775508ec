"""Real servers on loopback."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 300  # Seconds that nothing takes on a machine with however much other work, unless it hangs.


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# The ways to start the servers of a project, by framework; the first is its own.
ENTRIES = {
    "fastapi": {
        "modelapi": ("bin/run.sh",),
        "uvicorn": ("uvicorn", "asgi:app", "--host=127.0.0.1", "--port={port}"),
        "factory": ("uvicorn", "--factory", "api.app:create_app", "--host=127.0.0.1", "--port={port}"),
        "fastapi": ("fastapi", "dev", "--no-reload", "asgi.py", "--host=127.0.0.1", "--port={port}"),
    },
    "flask": {
        "modelapi": ("bin/run.sh",),
        "gunicorn": ("gunicorn", "wsgi:app", "--bind=127.0.0.1:{port}", "--threads=8"),
        "flask": ("flask", "--app=wsgi", "run", "--host=127.0.0.1", "--port={port}"),
    },
}
WAYS = [(framework, entry) for framework, entries in ENTRIES.items() for entry in entries]

Server = tuple["subprocess.Popen[bytes]", int, Path]


def start(project: Path, command: tuple[str, ...] = ("bin/run.sh",), **settings: str) -> Server:
    """Run a project's server until it is ready; returns its process, its port and its log."""
    port = int(settings.setdefault("PORT", str(free_port())))
    settings.setdefault("HOST", "127.0.0.1")
    settings.setdefault("WORKERS", "1")
    path = f"{project / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    log = project.parent / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=project,
            env={**os.environ, "PATH": path, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(process, port, log)
    except BaseException:
        stop(process)
        raise
    return process, port, log


@contextmanager
def serve(project: Path, command: tuple[str, ...] = ("bin/run.sh",), **settings: str) -> Iterator[int]:
    """Run a project's server until it is ready, and stop it afterwards; yields the port."""
    process, port, _ = start(project, command, **settings)
    try:
        yield port
    finally:
        stop(process)


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    wait_until(lambda: ask(port, "GET", "/ready")[0] == 200, process, log)


def wait_until(is_ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait for a process that has just started; who is asked too early may raise OSError."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it did not start:\n{log.read_text()}"
        try:
            if is_ready():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"it was not ready after {PATIENCE} s:\n{log.read_text()}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
        try:
            process.wait(PATIENCE)
            return
        except subprocess.TimeoutExpired:
            continue


def ask(
    port: int, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send one request and return the status, the headers with lower-case names, and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()
