"""Let a command end with who started it, however that ends: python -m modelapi.process.leash COMMAND….

The command gets SIGTERM when the standard input of this process is closed, which the system does for a starter that was
killed. In its own session it hears no Ctrl-C that is meant for the starter, as that which interrupts a notebook's cell.
"""

from __future__ import annotations

import os
import subprocess  # nosec B404 # Of what its callers name, which is ours.
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def leashed(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command as long as the context lasts; `options` are those of subprocess.Popen."""
    leash = [sys.executable, "-m", __name__, *command]
    process = subprocess.Popen(leash, stdin=subprocess.PIPE, start_new_session=True, **options)  # nosec B603
    assert process.stdin
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()
        for output in filter(None, (process.stdout, process.stderr)):
            output.close()


def main(command: Sequence[str]) -> int:
    """Run the command until it ends, or the standard input does; return its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # nosec B603

    def end_with_input() -> None:
        os.read(sys.stdin.fileno(), 1)  # Not by its buffer, whose lock would still be held at the end of this process.
        process.terminate()

    threading.Thread(target=end_with_input, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
