"""uvicorn in a worker process: how it begins, says that it is alive, and ends."""

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from modelapi.process.files import max_connections
from modelapi.process.messages import ALIVE, READY, RECYCLE, STOP
from modelapi.process.protocol import Protocol
from modelapi.process.target import Target
from modelapi.process.wsgi import WsgiBridge

TICKS = 10  # Of uvicorn, in a second.
LOOK = 0.1  # Seconds between two looks at CURRENT.
LAST_CALL = 0.25  # Seconds for connections that are being made when the socket begins to refuse.
MARGIN = 1.0  # Seconds of the time to stop that are left for the end of the process.


class Server(uvicorn.Server):
    """uvicorn, with an end in which no request is lost.

    For SHUTDOWN_DELAY seconds /ready says 503, each answer closes its connection, and new connections are taken;
    then no more are, and what is under way is answered.
    """

    def __init__(self, target: Target, tell: Callable[[bytes], None], hear: Callable[[], bytes | None]) -> None:
        self._service = target.extension.service
        self._settings = settings = self._service.settings
        self._tell = tell
        self._hear = hear
        self._max_requests = round(settings.max_requests * random.uniform(0.9, 1.1))  # nosec B311 # No secret.
        self._ends: float | None = None
        config = uvicorn.Config(
            WsgiBridge(target.app, self._service) if target.is_wsgi else target.app,
            interface="asgi3",
            loop="uvloop",
            http=partial(Protocol, service=self._service, most=max_connections()),  # type: ignore[arg-type]
            ws="none",
            # With "auto", a start that fails is taken for an application without one.
            lifespan="off" if target.is_wsgi else "on",
            log_config=None,  # modelapi.serving.logs has done it.
            access_log=False,  # Each request has its own line already.
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_keep_alive=settings.keep_alive,
            timeout_graceful_shutdown=max(1, round(settings.shutdown_timeout - settings.shutdown_delay - MARGIN)),
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to who runs this: a second one must not cut off what is under way."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        threading.Thread(target=self._keep_up, name="models", daemon=True).start()
        self._tell(READY)

    async def on_tick(self, counter: int) -> bool:
        """Do what is due, ten times a second; return True to end."""
        await super().on_tick(counter)
        now = asyncio.get_running_loop().time()
        if counter % TICKS == 0:
            has_done_enough = 0 < self._max_requests <= self.server_state.total_requests
            self._tell(RECYCLE if has_done_enough else ALIVE)
            for connection in list(self.server_state.connections):
                connection.check(now)  # type: ignore[union-attr]
        message = self._hear()
        if message and self._ends is None:
            self._ends = now + self._settings.shutdown_delay
            self._begin_to_end(stop=message == STOP)
        return self._ends is not None and now >= self._ends

    def _keep_up(self) -> None:
        """Take up new models, in a thread that nobody waits for: a network file system may never answer."""
        while not self._service.is_closing:
            self._service.load_outdated()
            time.sleep(LOOK)

    def _begin_to_end(self, *, stop: bool) -> None:
        self._service.is_closing = True
        self._service.is_stopping = stop
        for connection in self.server_state.connections:
            connection.close_after_answer()  # type: ignore[union-attr]
        if not stop:
            for server in self.servers:
                server.close()  # The successor listens to the same socket.

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the last connections, answer what is under way, and end."""
        await asyncio.sleep(LAST_CALL)
        await super().shutdown(sockets)
