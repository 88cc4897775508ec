"""A server beside another program, as a notebook or a tunnel: `modelapi serve` in a process that ends with it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess  # nosec B404 # For its types.
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from modelapi.process.leash import leashed
from modelapi.settings import SettingsError

LOCALHOST = "127.0.0.1"
PAUSE = 0.05  # Seconds between two looks whether it is ready.


@contextmanager
def serve_beside(root: Path, port: int, log: Path | None = None, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the project in this folder on this machine alone, with settings of its own, until the context ends.

    log : the file that the server's output goes to, if not to ours. Raises SettingsError if it does not start.
    """
    own = {"HOST": LOCALHOST, "PORT": str(port), "SHUTDOWN_DELAY": "0", **settings}
    command = [sys.executable, "-m", "modelapi", "serve"]
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else None
        process = stack.enter_context(leashed(command, cwd=root, env=os.environ | own, stdout=output, stderr=output))
        while ask(port, "/ready")[0] != http.client.OK:
            if process.poll() is not None:
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log else []
                raise SettingsError(": ".join(["the server did not start", *lines[-1:]]))
            time.sleep(PAUSE)
        yield process


def ask(port: int, path: str, host: str = LOCALHOST) -> tuple[int, bytes]:
    """Get what a server on this machine answers: its status, or 0 if there is no HTTP, and its body."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def is_free(port: int) -> bool:
    """Tell whether nothing on this machine listens to a port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOCALHOST, port)) != 0


def free_port() -> int:
    """Find a port that nothing listens to."""
    with socket.create_server((LOCALHOST, 0)) as server:
        return int(server.getsockname()[1])
