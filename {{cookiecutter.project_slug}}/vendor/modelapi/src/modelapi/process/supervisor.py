"""The process that starts the workers, replaces those that end, and stops them all.

It holds the listening sockets, one for each worker: connections that wait at a worker that died are answered by its
successor. On one socket that all share, keep-alive connections tend to end up at one worker.
"""

import multiprocessing
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from modelapi.process import worker
from modelapi.serving.logs import get_logger
from modelapi.settings import Settings
from modelapi.process.sockets import listen, refuse_new

log = get_logger()

PAUSE = 1.0  # Seconds before the next try when a worker ended before it was ready.
PAUSED = 5.0  # Seconds, which no turn of ours takes by itself.
SILENCE = 30.0  # Seconds after which a worker that says nothing is taken to hang.


@dataclass(eq=False)
class Worker:
    """A worker process, as its supervisor sees it."""

    slot: int
    process: BaseProcess
    connection: Connection
    heard: float
    is_ready: bool = False
    is_tired: bool = False

    def tell(self, message: bytes) -> None:
        """Send a message, unless the worker has just died."""
        with suppress(OSError):
            self.connection.send_bytes(message)


class Supervisor:
    """Keeps as many workers serving as there are sockets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("forkserver")
        self._sockets = listen(settings.host, settings.port, settings.workers)
        self._serving: list[Worker | None] = [None] * settings.workers
        self._workers: set[Worker] = set()  # Also those that are not ready yet, and those that are to end.
        self._may_start = 0.0
        self._turned = time.monotonic()
        self._was_ready = False
        self._is_stopping = False
        self._signals, self._wakeup = socket.socketpair()

    def run(self) -> int:
        """Serve until a signal ends it; return the exit code."""
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)
        while not self._is_stopping:
            self._note_pause()
            self._start_missing()
            self._replace_tired()
            self._listen(1.0)
            self._kill_silent()
        self._stop()
        return 0 if self._was_ready else 1

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            for one in self._workers:
                one.is_tired = True
        else:
            self._is_stopping = True

    def _note_pause(self) -> None:
        """Hear all workers anew when this process stood still, as in a container that was paused: they did too."""
        now = time.monotonic()
        if now - self._turned > PAUSED:
            for one in self._workers:
                one.heard = now
        self._turned = now

    def _start(self, slot: int) -> Worker | None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=worker.main, args=(self._sockets[slot], theirs))
        try:
            process.start()
        except (OSError, EOFError) as error:  # No memory or no process left; those that run go on.
            log.error("worker not started", reason=type(error).__name__)
            ours.close()
            self._may_start = time.monotonic() + PAUSE
            return None
        finally:
            theirs.close()  # So that ours ends when the worker does.
        started = Worker(slot, process, ours, time.monotonic())
        self._workers.add(started)
        return started

    def _start_missing(self) -> None:
        for slot, serving in enumerate(self._serving):
            if serving is None and time.monotonic() >= self._may_start:
                self._serving[slot] = self._start(slot)

    def _replace_tired(self) -> None:
        """Start the successor of one worker that has worked enough; it goes on until the successor is ready."""
        if len(self._workers) == len(self._serving) and time.monotonic() >= self._may_start:
            tired = next((one for one in self._workers if one.is_tired and one.is_ready), None)
            if tired:
                self._start(tired.slot)

    def _listen(self, seconds: float) -> None:
        by_connection = {one.connection: one for one in self._workers}
        for source in wait([self._signals, *by_connection], seconds):
            if source is self._signals:
                self._signals.recv(64)
            else:
                self._hear(by_connection[source])  # type: ignore[index]

    def _listen_until(self, deadline: float) -> None:
        while self._workers and (seconds := deadline - time.monotonic()) > 0:
            self._listen(seconds)

    def _hear(self, one: Worker) -> None:
        try:
            message = one.connection.recv_bytes(16)
        except (EOFError, OSError):
            self._bury(one)
            return
        one.heard = time.monotonic()
        if message == worker.READY:
            one.is_ready = self._was_ready = True
            before, self._serving[one.slot] = self._serving[one.slot], one
            if before and before is not one:
                before.tell(worker.RETIRE)
        elif message == worker.TIRED:
            one.is_tired = True

    def _bury(self, one: Worker) -> None:
        """Forget a worker that ended; where it was serving there will be another."""
        one.connection.close()
        one.process.join()
        self._workers.remove(one)
        if self._serving[one.slot] is one:
            self._serving[one.slot] = None
            if not self._is_stopping:
                log.error("worker ended", pid=one.process.pid, exit_code=one.process.exitcode)
        if not one.is_ready:
            self._may_start = time.monotonic() + PAUSE
            self._is_stopping = self._is_stopping or not self._was_ready  # The first would fail again.
            for other in self._workers:
                other.is_tired = False

    def _kill_silent(self) -> None:
        for one in self._workers:
            if one.is_ready and time.monotonic() - one.heard > SILENCE:
                log.error("worker hangs", pid=one.process.pid)
                one.process.kill()

    def _stop(self) -> None:
        """Let all workers end; what came to the socket of one that just died is answered by another."""
        deadline = time.monotonic() + self._settings.shutdown_timeout - worker.MARGIN
        if self._was_ready:
            self._may_start = 0
            self._start_missing()
        for one in self._workers:
            one.tell(worker.STOP)
        self._listen_until(time.monotonic() + self._settings.shutdown_delay)
        for listener in self._sockets:
            refuse_new(listener)
            listener.close()
        self._listen_until(deadline)
        for one in self._workers:
            log.error("worker killed, for it did not end in time", pid=one.process.pid)
            one.process.kill()
            one.process.join()
