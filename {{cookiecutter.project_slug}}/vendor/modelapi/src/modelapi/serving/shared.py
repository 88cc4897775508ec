"""Where worker processes keep what a worker that takes the place of another goes on with: counts, a version."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # The name is prometheus_client's, which reads it when it is imported.

_locks: list[IO[str]] = []  # Held open, for a lock ends with its file.


@contextmanager
def shared_folder() -> Iterator[None]:
    """Make the folder in which the workers count, unless it is set, and remove it at the end."""
    if FOLDER in os.environ:
        yield
        return
    in_memory = "/dev/shm"  # nosec B108 # A folder of a random name in it.
    folder = tempfile.mkdtemp(prefix="api-metrics-", dir=in_memory if os.access(in_memory, os.W_OK) else None)
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def remember(name: str, text: str) -> None:
    """Leave a line for the workers to come, if there is a folder for it."""
    if FOLDER in os.environ:
        path = Path(os.environ[FOLDER], name)
        ours = path.with_name(f"{name}.{os.getpid()}")
        ours.write_text(text, encoding="utf-8")
        ours.replace(path)


def recall(name: str) -> str | None:
    """Read what was left under this name."""
    try:
        return Path(os.environ[FOLDER], name).read_text(encoding="utf-8")
    except (KeyError, OSError):
        return None


def take_number(folder: Path) -> str:
    """Take the first number that no living process has, and with it the files of whoever had it before."""
    for number in count():
        lock = (folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        for gauges in folder.glob(f"gauge_*_{number}.db"):  # What was in progress died with it.
            gauges.unlink()
        return str(number)
    raise AssertionError("numbers do not end")
