"""The standard output of a server: what cannot be written to it is lost and counted, and stops nothing."""

import atexit
import io
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

on_loss: list[Callable[[float], None]] = []
"""What is told of each number of lines that are lost, by one thread at a time."""

MOST = 1_000_000  # Bytes that wait for a reader who is behind; what comes then is lost.
GATHER = 0.01  # Seconds in which lines are gathered: to wake a thread for each would cost more than to write it.
PATIENCE = 0.5  # Seconds for what waits at the end of a process.


def is_terminal() -> bool:
    """Tell whether somebody looks on."""
    return sys.stdout is not None and sys.stdout.isatty()


class Output:
    """Whatever the standard output is now, for tests replace it; to write whole lines to."""

    def write(self, lines: Any) -> int:
        """Write str or bytes at once."""
        try:
            stream = sys.stdout if isinstance(lines, str) else sys.stdout.buffer
            stream.write(lines)
            stream.flush()
        except (OSError, ValueError, AttributeError):  # Its reader has died, its disk is full, or it was closed.
            _lose(lines.count("\n" if isinstance(lines, str) else b"\n"))
        return len(lines)

    def flush(self) -> None:
        """Do nothing, for nothing waits."""


class _Handle(io.RawIOBase):
    """An open file that a thread writes to: writing never fails, nor waits for a reader who has stopped reading.

    The file itself could be told not to wait only together with all other processes that have it open.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begin without a thread, also in a process that was just forked: what waits is for its parent to write."""
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        self._taken = self._done = 0
        self._has_thread = self._is_over = False

    def fileno(self) -> int:
        """Return the number of the file."""
        return self._handle

    def isatty(self) -> bool:
        """Tell whether somebody looks on."""
        return os.isatty(self._handle)

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, content: Any) -> int:
        """Leave it to the thread, or count the lines that are lost; the buffer above lets in one caller at a time."""
        piece, behind = bytes(content), self._taken - self._done
        has_thread = self._start()
        if has_thread and behind <= MOST:
            self._taken += len(piece)
            self._waiting.put(piece)
        elif not has_thread and not behind:
            self._write(piece)
        else:
            _lose(piece.count(b"\n"))
        return len(piece)

    def end(self, deadline: float) -> None:
        """Wait until all is written, or for so long, and leave nothing to the thread any more."""
        while self._done < self._taken and time.monotonic() < deadline:
            time.sleep(0.001)
        self._is_over = True

    def _start(self) -> bool:
        """Start the thread unless it runs. False if the system has no more, or the process is about to end."""
        if self._is_over:
            return False
        if not self._has_thread:
            try:
                threading.Thread(target=self._work, name="output", daemon=True).start()
            except RuntimeError:
                return False
            self._has_thread = True
        return True

    def _work(self) -> None:
        while True:
            pieces = [self._waiting.get()]
            time.sleep(GATHER)
            pieces += [self._waiting.get() for _ in range(self._waiting.qsize())]
            lines = b"".join(pieces)
            self._write(lines)
            self._done += len(lines)

    def _write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError:
            _lose(bytes(rest).count(b"\n"))


_protected: list[tuple[io.TextIOWrapper, _Handle]] = []


def protect_outputs() -> None:
    """Let nothing of this process and its children fail that writes to its outputs, the owner's `print` neither."""
    for name, handle in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # It was closed, and what is opened next must not take its place.
            os.dup2(os.open(os.devnull, os.O_WRONLY), handle)
        raw = _Handle(handle)
        text = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
        setattr(sys, name, text)
        _protected.append((text, raw))
    atexit.register(end_outputs)


def end_outputs() -> None:
    """Wait until what was written is out, but not for long: the process is about to end."""
    deadline = time.monotonic() + PATIENCE
    for text, raw in _protected:
        with suppress(ValueError):  # The owner has closed it.
            text.flush()
        raw.end(deadline)


_losing = threading.Lock()
# No process is forked while another thread counts, for its locks would stay locked in the child.
os.register_at_fork(before=_losing.acquire, after_in_parent=_losing.release, after_in_child=_losing.release)


def _lose(lines: int) -> None:
    with _losing:
        for tell in on_loss:
            tell(lines)
