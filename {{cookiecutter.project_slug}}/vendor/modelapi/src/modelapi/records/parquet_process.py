"""The process in which a client's Parquet file is read."""

import os
import subprocess  # nosec B404 # Of a file of ours.
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from modelapi.records import tables
from modelapi.records.faults import MalformedRecords, TooManyRecords
from modelapi.records.parquet_child import NO_MEMORY

MAX_NAMES = 100_000  # Characters of arguments; of longer names, all columns are read.
NO_PARQUET = "the body is no Parquet file, or not a whole one"
TOO_LARGE = "the Parquet file takes too much memory: write smaller pages, or fewer columns"


class ParquetProcess:
    """Reads a file, and writes it to `output`."""

    def __init__(self, file: IO[bytes], names: Sequence[str]) -> None:
        """Begin to read columns of these names, of a file that stands at its beginning."""
        columns = names if sum(map(len, names)) <= MAX_NAMES else []
        script = Path(__file__).with_name("parquet_child.py")
        # -P, for beside it are modules that are called as those of the standard library. Keys stay where they are.
        self._process = subprocess.Popen(  # nosec B603
            [sys.executable, "-P", str(script), str(tables.BATCH_ROWS), *columns],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )
        assert self._process.stdout
        self.output: IO[bytes] = self._process.stdout

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say what is wrong with the file where its stream ends too early. Raises RecordsError."""
        try:
            yield
        except MalformedRecords:
            self.output.close()  # Should it still write, it ends by that.
            is_memory = self._process.wait() == NO_MEMORY
            raise TooManyRecords(TOO_LARGE) if is_memory else MalformedRecords(NO_PARQUET) from None

    def close(self) -> None:
        """End it, if it has not."""
        self._process.kill()
        self._process.wait()
        self.output.close()
