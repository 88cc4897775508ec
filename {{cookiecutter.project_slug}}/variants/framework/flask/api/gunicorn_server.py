"""gunicorn, for those who prefer it (SERVER=gunicorn): serves wsgi:app, without the fast lane."""

import socket
from contextlib import suppress
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from api.answers import TITLES, Problem
from api.exchange import Exchange
from api.settings import Settings


class ServerLog(Logger):  # type: ignore[misc]
    """Gunicorn's own lines, in the format that api/logs.py gives all others."""

    def setup(self, cfg: Config) -> None:
        """Leave the lines to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threaded worker, which would repeat a malformed request in its answer and its log."""

    def handle_error(self, _req: object, client: socket.socket, _addr: object, exc: Exception) -> None:
        """Answer what is no HTTP with a 400, an error of ours with a 500, and close the connection."""
        exchange = Exchange(None, self.wsgi.extensions["service"])
        malformed = isinstance(exc, ParseException)
        answer = Problem(400).answer(exchange.request_id) if malformed else exchange.crash(exc)
        assert isinstance(answer.body, bytes)
        headers = {**answer.headers, **exchange.headers, "Connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with suppress(OSError):  # The client may be gone.
            client.sendall(f"HTTP/1.1 {answer.status} {TITLES[answer.status]}\r\n{head}\r\n".encode() + answer.body)
        exchange.finish("", None, answer.status)


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with the settings of this project; each worker loads the model for itself."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Translate our settings to gunicorn's."""
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.workers,
            "worker_class": Worker,
            "threads": 16,  # A slow client holds a thread, not the worker.
            "graceful_timeout": 10,
            "forwarder_headers": "",  # No header of a client may name the path.
            "logger_class": ServerLog,
            "control_socket_disable": True,  # It wants a home folder that can be written.
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application; called in each worker."""
        from wsgi import app

        return app


def run(settings: Settings) -> None:
    """Serve until a signal ends it."""
    Server(settings).run()
