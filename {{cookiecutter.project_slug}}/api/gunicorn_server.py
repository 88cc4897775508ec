"""gunicorn, for those who prefer it (SERVER=gunicorn): it looks after the processes, in which uvicorn serves."""

import os
import signal
import time
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from api.settings import Settings
from api.sockets import refuse_new
from api.worker import MARGIN, RETIRE, STOP, TIRED


class ServerLog(Logger):  # type: ignore[misc]
    """Gunicorn's own lines, in the format that api/logs.py gives all others."""

    def setup(self, cfg: Config) -> None:
        """Leave the lines to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class UvicornWorker(Worker):  # type: ignore[misc]
    """A worker of gunicorn in which uvicorn serves."""

    is_tired = False

    def load_wsgi(self) -> None:
        """Leave it to the server to make the application."""

    def init_signals(self) -> None:
        """Take SIGINT, which Ctrl-C sends to all processes, for SIGTERM."""
        super().init_signals()
        signal.signal(signal.SIGINT, self.handle_exit)

    def run(self) -> None:
        """Serve until told to stop."""
        from api.uvicorn_server import Server  # After the fork: it imports what must not be forked.

        Server(self.app.settings, self._tell, self._hear).run(self.sockets)

    def _tell(self, message: bytes) -> None:
        self.notify()
        self.is_tired = self.is_tired or message == TIRED

    def _hear(self) -> bytes | None:
        if not self.alive or os.getppid() != self.ppid:
            return STOP
        return RETIRE if self.is_tired else None


class GracefulArbiter(Arbiter):  # type: ignore[misc]
    """Gunicorn's main process, to which SIGINT and SIGQUIT are like SIGTERM: nothing is cut off."""

    def signal(self, sig: int, frame: object) -> None:
        """Note a signal."""
        super().signal(signal.SIGTERM if sig in (signal.SIGINT, signal.SIGQUIT) else sig, frame)

    def stop(self, graceful: bool = True) -> None:
        """Tell the workers, which go on for SHUTDOWN_DELAY seconds, then refuse connections, and wait for the end."""
        self.kill_workers(signal.SIGTERM)
        time.sleep(self.app.settings.shutdown_delay)
        for listener in self.LISTENERS:
            refuse_new(listener.sock)
        super().stop(graceful)


class Gunicorn(BaseApplication):  # type: ignore[misc]
    """Gunicorn with the settings of this project."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Translate our settings to gunicorn's."""
        host = self.settings.host
        options: dict[str, Any] = {
            "bind": f"[{host}]:{self.settings.port}" if ":" in host else f"{host}:{self.settings.port}",
            "workers": self.settings.workers,
            "worker_class": UvicornWorker,
            "graceful_timeout": int(self.settings.shutdown_timeout - self.settings.shutdown_delay - MARGIN),
            "logger_class": ServerLog,
            "control_socket_disable": True,  # It wants a home folder that can be written.
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until a signal ends it."""
        GracefulArbiter(self).run()
