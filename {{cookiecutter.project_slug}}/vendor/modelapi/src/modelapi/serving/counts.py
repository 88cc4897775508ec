"""How many requests each client has made: a table in memory that the worker processes of a server share.

It has a fixed size, however many clients come. A worker that is killed leaves no lock on it, for its locks end with it.
"""

import fcntl
import hashlib
import os
from mmap import mmap
from pathlib import Path
from secrets import token_bytes
from struct import Struct
from threading import Lock
from time import time
from typing import Protocol

ENTRY = Struct("<16sdI4x")  # The hash of a key, when its window ends, and its count.
BUCKET = 8 * ENTRY.size  # A key has its entry in the bucket that its hash names.
BUCKETS = 8192
TABLE = BUCKETS * BUCKET
SALT = 16  # Bytes after the table: nobody can guess addresses from their hashes, or fill a bucket on purpose.
MOST = 2**32 - 1


class NotCounted(Exception):
    """A request that could not be counted, for the counts are elsewhere and out of reach."""


class Counts(Protocol):
    """Counts in windows of time."""

    async def count(self, key: str, period: int) -> tuple[int, float]:
        """Count in the window of a key, and return the count and in how many seconds the window ends.

        A window ends `period` seconds after its first count. Raises NotCounted.
        """

    def count_in_thread(self, key: str, period: int) -> tuple[int, float]:
        """Do the same where there is no event loop. Raises NotCounted."""


class SharedCounts:
    """Counts with all who open the table in the same folder; without a folder it is for this process alone."""

    def __init__(self, folder: Path | None) -> None:
        """Open the table, or make it."""
        self._turn = Lock()  # Locks of files are between processes, not threads.
        self._file = -1
        if folder:
            self._file = os.open(folder / "rates.table", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            if os.fstat(self._file).st_size != TABLE + SALT:
                os.ftruncate(self._file, 0)  # Nothing of another version is left.
                os.pwrite(self._file, token_bytes(SALT), TABLE)
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        self._table = mmap(self._file, TABLE + SALT)
        if not folder:
            self._table[TABLE:] = token_bytes(SALT)
        self._salt = self._table[TABLE:]

    async def count(self, key: str, period: int) -> tuple[int, float]:
        """Count as Counts does; this never waits for long."""
        return self.count_in_thread(key, period)

    def count_in_thread(self, key: str, period: int) -> tuple[int, float]:
        """Count as Counts does."""
        digest = hashlib.blake2b(key.encode(), digest_size=16, key=self._salt).digest()
        bucket = int.from_bytes(digest[:4]) % BUCKETS * BUCKET
        with self._turn:
            if self._file >= 0:
                fcntl.lockf(self._file, fcntl.LOCK_EX, BUCKET, bucket)
            try:
                return self._count(digest, bucket, period)
            finally:
                if self._file >= 0:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, BUCKET, bucket)

    def _count(self, digest: bytes, bucket: int, period: int) -> tuple[int, float]:
        at = self._table.find(digest, bucket, bucket + BUCKET)
        if at < 0:  # Take the entry of a window that is over or, if there is none, that is the first to be.
            at = min(range(bucket, bucket + BUCKET, ENTRY.size), key=lambda at: ENTRY.unpack_from(self._table, at)[1])
        known, ends, count = ENTRY.unpack_from(self._table, at)
        now = time()
        # A window that ends too late was begun before somebody set the clock back.
        if known != digest or not now < ends <= now + period:
            ends, count = now + period, 0
        count = min(count + 1, MOST)
        ENTRY.pack_into(self._table, at, digest, ends, count)
        return count, ends - now
