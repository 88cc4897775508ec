"""The process in which a client's Parquet file is read: one for each file, the next of which is begun before."""

import json
import os
import subprocess  # nosec B404 # Of a file of ours.
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO

from modelapi.records.arrow import batch_rows
from modelapi.records.faults import MalformedRecords, TooManyRecords
from modelapi.records.parquet_child import NO_MEMORY, NO_ROOM

NO_PARQUET = "the body is no Parquet file, or not a whole one"
TOO_LARGE = "the Parquet file takes too much memory: write smaller pages, or fewer columns"
KEPT = ("TMPDIR", "TEMP", "TMP", "SYSTEMROOT")  # Of the environment, in which keys are, too.


class NoRoomError(OSError):
    """There is no room for the file."""


class ParquetProcess:
    """Is sent a file, and writes it to `output`."""

    _spare: "ParquetProcess | None" = None
    _lock = Lock()

    def __init__(self) -> None:
        """Begin it; it waits for a file."""
        script = Path(__file__).with_name("parquet_child.py")
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        # -P, for beside it are modules that are called as those of the standard library.
        self._process = subprocess.Popen(  # nosec B603
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )
        assert self._process.stdin  # nosec B101 # As above.
        assert self._process.stdout  # nosec B101
        self.input: IO[bytes] = self._process.stdin
        self.output: IO[bytes] = self._process.stdout

    @classmethod
    def take(cls) -> "ParquetProcess":
        """Return one that has begun, which takes half a second, and begin the next."""
        with cls._lock:
            taken, cls._spare = cls._spare, None
            if taken and taken._process.poll() is not None:
                taken.close()
                taken = None
            taken = taken or cls()
            cls._spare = cls()
        return taken

    def ask(self, columns: Sequence[str]) -> None:
        """Ask for columns of the file that `input` is given next. Raises OSError."""
        asked = {"columns": columns, "rows": batch_rows(len(columns))}
        self.input.write(json.dumps(asked).encode() + b"\n")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say what is wrong with the file where its stream ends too early. Raises RecordsError or NoRoomError."""
        try:
            yield
        except MalformedRecords:
            self.output.close()  # Should it still write, it ends by that.
            code = self._process.wait()
            if code == NO_ROOM:
                raise NoRoomError from None
            raise TooManyRecords(TOO_LARGE) if code == NO_MEMORY else MalformedRecords(NO_PARQUET) from None

    def close(self) -> None:
        """End it, if it has not."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self.input.close()
        self.output.close()
