"""uvicorn with worker processes, each of which serves asgi:app."""

from __future__ import annotations

import multiprocessing
import socket
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn import _subprocess
from uvicorn.supervisors import Multiprocess

if TYPE_CHECKING:
    from api.settings import Settings


class Listener:
    """Becomes, in each worker that it is sent to, a socket of that worker: the kernel spreads connections over them.

    On one socket that all share, keep-alive connections tend to end up at one worker.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return listen, self._address


def listen(host: str, port: int) -> socket.socket:
    """Make a socket among others of this address."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=2048, reuse_port=True)


def preload() -> None:
    """Start the process from which the workers are forked, which imports api/preload.py meanwhile."""
    multiprocessing.set_forkserver_preload(["api.preload"])
    forkserver.ensure_running()


def run(settings: Settings) -> None:
    """Serve until a signal ends it."""
    _subprocess.spawn = multiprocessing.get_context("forkserver")  # type: ignore[assignment]
    config = uvicorn.Config(
        "asgi:app",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",  # With "auto", a start that fails is taken for an application without one.
        log_config=None,  # api/logs.py has done it.
        access_log=False,  # Each request has its own line already.
        server_header=False,
        proxy_headers=False,  # Nothing here depends on the client's address.
        timeout_graceful_shutdown=10,
    )
    sockets: list[Any] = [Listener(settings.host, settings.port)]
    Multiprocess(config, sockets).run()
