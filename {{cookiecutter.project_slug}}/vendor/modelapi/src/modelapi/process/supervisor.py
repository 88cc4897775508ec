"""The process that starts the workers, replaces those that end, and stops them all.

It holds the listening sockets, one for each worker: connections that wait at a worker that died are answered by its
successor. On one socket that all share, keep-alive connections tend to end up at one worker.

It has imported what the workers need, and forks them: they share the memory of all that, and start in no time.
"""

import multiprocessing
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from modelapi.process import worker
from modelapi.process.messages import FAILED, LONGEST, MARGIN, READY, RECYCLE, RETIRE, STOP
from modelapi.process.sockets import listen, refuse_new
from modelapi.project import Project
from modelapi.serving.logs import get_logger
from modelapi.serving.output import end_outputs
from modelapi.serving.settings import Settings
from modelapi.settings import SettingsError

log = get_logger()

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PAUSE = 1.0  # Seconds before the next try when a worker ended before it was ready.
PAUSED = 5.0  # Seconds, which no turn of ours takes by itself.
SILENCE = 30.0  # Seconds after which a worker that says nothing is taken to hang.
STARTS = 10  # Times as long as any start took until now, after which one is taken to hang that takes more than SILENCE.


@dataclass(eq=False)
class Worker:
    """A worker process, as its supervisor sees it."""

    number: int
    """Which of the sockets it serves."""
    process: BaseProcess
    connection: Connection
    heard: float
    is_ready: bool = False
    is_to_recycle: bool = False

    def tell(self, message: bytes) -> None:
        """Send a message, unless the worker has just died."""
        with suppress(OSError):
            self.connection.send_bytes(message)


class Supervisor:
    """Keeps as many workers serving as there are sockets."""

    def __init__(self, settings: Settings, project: Project, welcome: str = "") -> None:
        """`welcome` is printed when the first worker is ready; without one the log says so."""
        self._settings = settings
        self._project = project
        self._welcome = welcome
        self._context = multiprocessing.get_context("fork")
        self._sockets = listen(settings.host, settings.port, settings.workers)
        self._serving: list[Worker | None] = [None] * settings.workers
        self._workers: set[Worker] = set()  # Also those that are not ready yet, and those that are to end.
        self._may_start = 0.0
        self._turned = time.monotonic()
        self._was_ready = False
        self._start_limit = SILENCE
        """Seconds in which a worker must be ready; the first may take as long as it needs."""
        self._reason = ""
        """Why the first worker could not begin."""
        self._is_stopping = False
        self._signals, self._wakeup = socket.socketpair()

    def run(self) -> int:
        """Serve until a signal ends it; return the exit code. Raises SettingsError if no worker can begin."""
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._note)
        while not self._is_stopping:
            self._note_pause()
            self._start_missing()
            self._recycle()
            self._listen(1.0)
            self._kill_silent()
        self._stop()
        if self._reason and not self._was_ready:
            raise SettingsError(self._reason)
        return 0 if self._was_ready else 1

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            for one in self._workers:
                one.is_to_recycle = True
        else:
            self._is_stopping = True

    def _note_pause(self) -> None:
        """Hear all workers anew when this process stood still, as in a container that was paused: they did too."""
        now = time.monotonic()
        if now - self._turned > PAUSED:
            for one in self._workers:
                one.heard = now
        self._turned = now

    def _start(self, number: int) -> Worker | None:
        try:
            ours, theirs = self._context.Pipe()
        except OSError as error:
            self._put_off(error)
            return None
        process = self._context.Process(target=self._become_worker, args=(number, ours, theirs))
        # A signal that comes before the worker has its own handlers waits until then.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            process.start()
        except OSError as error:
            ours.close()
            self._put_off(error)
            return None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()  # So that ours ends when the worker does.
        started = Worker(number, process, ours, time.monotonic())
        self._workers.add(started)
        return started

    def _put_off(self, error: OSError) -> None:
        """Try again soon, for no memory, process or open file is left; those that run go on."""
        log.error("worker not started", reason=error.strerror)
        self._may_start = time.monotonic() + PAUSE

    def _become_worker(self, number: int, ours: Connection, theirs: Connection) -> None:
        """In the new process, let go of what is the supervisor's, so that its end is noticed, and serve."""
        signal.set_wakeup_fd(-1)
        for connection in (ours, *(one.connection for one in self._workers)):
            connection.close()
        listener = self._sockets[number]
        for other in {self._signals, self._wakeup, *self._sockets} - {listener}:
            other.close()
        try:
            worker.main(listener, theirs, self._project, is_first=not self._was_ready)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
        finally:  # multiprocessing ends a process without what was registered for its end.
            end_outputs()

    def _start_missing(self) -> None:
        for number, serving in enumerate(self._serving):
            if serving is None and time.monotonic() >= self._may_start:
                self._serving[number] = self._start(number)

    def _recycle(self) -> None:
        """Start the successor of one worker that has worked enough; it goes on until the successor is ready."""
        if len(self._workers) == len(self._serving) and time.monotonic() >= self._may_start:
            old = next((one for one in self._workers if one.is_to_recycle and one.is_ready), None)
            if old:
                self._start(old.number)

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
            message = one.connection.recv_bytes(LONGEST)
        except (EOFError, OSError):
            self._bury(one)
            return
        before, one.heard = one.heard, time.monotonic()
        if message == READY:
            self._start_limit = max(self._start_limit, STARTS * (one.heard - before))
            if not self._was_ready:
                self._greet()
            one.is_ready = self._was_ready = True
            old, self._serving[one.number] = self._serving[one.number], one
            if old and old is not one:
                old.tell(RETIRE)
        elif message == RECYCLE:
            one.is_to_recycle = True
        elif message.startswith(FAILED):
            self._reason = message.removeprefix(FAILED).decode()

    def _greet(self) -> None:
        """Say where it is: to who looks on, or in the log."""
        if self._welcome:
            print(self._welcome)
        else:
            log.info("server started", host=self._settings.host, port=self._settings.port)

    def _bury(self, one: Worker) -> None:
        """Forget a worker that ended; where it was serving there will be another."""
        one.connection.close()
        one.process.join()
        self._workers.remove(one)
        if self._serving[one.number] is one:
            self._serving[one.number] = None
            if not self._is_stopping:
                log.error("worker ended", pid=one.process.pid, exit_code=one.process.exitcode)
        if not one.is_ready:
            self._may_start = time.monotonic() + PAUSE
            self._is_stopping = self._is_stopping or not self._was_ready  # The first would fail again.
            for other in self._workers:
                other.is_to_recycle = False

    def _kill_silent(self) -> None:
        """Kill what hangs, as a start does that a file system never answered, even if others are answered again."""
        for one in self._workers:
            limit = SILENCE if one.is_ready else self._start_limit
            if (one.is_ready or self._was_ready) and time.monotonic() - one.heard > limit:
                log.error("worker hangs", pid=one.process.pid)
                one.process.kill()

    def _stop(self) -> None:
        """Let all workers end; what came to the socket of one that just died is answered by another."""
        deadline = time.monotonic() + self._settings.shutdown_timeout - MARGIN
        if self._was_ready:
            self._may_start = 0
            self._start_missing()
        for one in self._workers:
            one.tell(STOP)
        self._listen_until(time.monotonic() + self._settings.shutdown_delay)
        for listener in self._sockets:
            refuse_new(listener)
            listener.close()
        self._listen_until(deadline)
        for one in self._workers:
            log.error("worker killed, for it did not end in time", pid=one.process.pid)
            one.process.kill()
            one.process.join()
