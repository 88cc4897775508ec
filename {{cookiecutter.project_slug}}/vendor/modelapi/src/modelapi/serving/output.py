"""The standard output of a server: what cannot be written to it is lost and counted, and stops nothing."""

import io
import os
import sys
from collections.abc import Callable
from typing import Any

on_loss: list[Callable[[float], None]] = []
"""What is told of each number of lines that are lost."""


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
    """An open file to which writing never fails."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

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
        """Write, or count the lines that are lost."""
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError:
            _lose(bytes(rest).count(b"\n"))
        return len(content)


def protect_outputs() -> None:
    """Let nothing of this process and its children fail that writes to its outputs, the owner's `print` neither."""
    for name, handle in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # It was closed, and what is opened next must not take its place.
            os.dup2(os.open(os.devnull, os.O_WRONLY), handle)
        text = io.TextIOWrapper(
            io.BufferedWriter(_Handle(handle)), encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
        setattr(sys, name, text)


def _lose(lines: int) -> None:
    for tell in on_loss:
        tell(lines)
