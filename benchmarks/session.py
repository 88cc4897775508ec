"""A server that runs: waited for, compared with the pipeline, stopped."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.build import BENCH, BenchError, last_line
from benchmarks.processes import Process, settle, start, stop
from benchmarks.projects import MODELS
from benchmarks.servers import Server

START_SECONDS = 60
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Session:
    """A running server, the records it is asked for, and the labels it should answer."""

    server: Server
    process: Process
    port: int
    records: list[dict[str, Any]]
    labels: list[int] | None

    def body(self, count: int, first: int = 0) -> bytes:
        """Write a body with some of the records, from one on and over again."""
        return self.server.encode([self.records[(first + number) % len(self.records)] for number in range(count)])

    def right(self, count: int) -> bool:
        """Ask for some records, and say whether their labels are the pipeline's. Raises BenchError or OSError."""
        answer = post(self.port, self.server.path, self.body(count))
        if not self.labels or not self.server.body:
            return True
        try:
            return bool(self.server.decode(answer) == self.labels[:count])
        except (KeyError, TypeError, ValueError):
            return False

    def compare(self) -> None:
        """Compare ten labels with those of the pipeline. Raises BenchError."""
        if not self.right(10):
            raise BenchError("its answers for ten records are not the pipeline's")


def post(port: int, path: str, body: bytes, media_type: str = "application/json") -> bytes:
    """Send a body, or greet without one, and return the answer. Raises BenchError, OSError or HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST" if body else "GET", path, body or None, {"Content-Type": media_type} if body else {})
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise BenchError(f"it answers {response.status}")
    return answer


@contextmanager
def running(name: str, server: Server) -> Iterator[tuple[Session, float]]:
    """Start a server; yield it and the seconds to its first right answer; stop it. Raises BenchError."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    answers = json.loads((MODELS / "answers.json").read_text())
    labels = answers.get({"sklearn": "logistic"}.get(server.model, server.model))
    log = BENCH / "logs" / f"{name}.log"
    path = f"{server.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [part.format(port=port, model=MODELS / server.model) for part in server.command.split()]
    started = time.perf_counter()
    process = start(command, server.folder, {**server.settings, "PATH": path, "PORT": str(port)}, log)
    session = Session(server, process, port, answers["records"], labels)
    try:
        wait(session, started + START_SECONDS)
        cold = time.perf_counter() - started
        settle(process)
        session.compare()
        yield session, cold
        session.compare()
    except (BenchError, OSError, http.client.HTTPException, subprocess.SubprocessError) as error:
        gone = process.poll() is not None
        raise BenchError(f"it stopped: {last_line(log.read_text(errors='replace'))}" if gone else f"{error}") from error
    finally:
        stop(process)
        log.unlink()  # It holds a line for every request.


def wait(session: Session, deadline: float) -> None:
    """Ask until the first answer, which must be right. Raises BenchError."""
    reason = ""
    while time.perf_counter() < deadline:
        if session.process.poll() is not None:
            raise BenchError("it did not start")
        try:
            right = session.right(1)
        except (BenchError, OSError, http.client.HTTPException) as error:
            reason = str(error)
            time.sleep(0.01)
            continue
        if not right:
            raise BenchError("its first answer is not the pipeline's")
        return
    raise BenchError(f"it was not ready after {START_SECONDS} s: {reason}")
