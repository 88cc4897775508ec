"""How much is worked on at once, and how much of what clients send is kept in memory meanwhile."""

import asyncio
from threading import BoundedSemaphore

from modelapi.serving.answers import Problem
from modelapi.serving.settings import Settings

PREDICTIONS = 16  # Threads in which large predictions are made; small ones need none.
TABLES = 8  # Of them may hold tables, for a client can take its time to send one.
QUEUE = 4  # Times as many may wait.


class Limiter:
    """Lets so many work at once, in the order they ask; when a short queue is full, more are refused."""

    def __init__(self, limit: int, queue: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self._queue = queue
        self._waiting = 0

    @property
    def is_free(self) -> bool:
        """Whether one more may begin at once."""
        return not self._free.locked()

    def check(self) -> None:
        """Raise a 503 Problem if nobody more may work, or wait for it."""
        if self._waiting >= self._queue and not self.is_free:
            raise overloaded()

    async def acquire(self) -> None:
        """Begin, at once or when another has ended. Raises a 503 Problem when too many wait already."""
        self.check()
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    def release(self) -> None:
        """End, and let another begin."""
        self._free.release()

    async def __aenter__(self) -> None:
        """Begin, as `acquire` does."""
        await self.acquire()

    async def __aexit__(self, *_error: object) -> None:
        """End."""
        self.release()


class ThreadLimiter:
    """The same for threads."""

    def __init__(self, limit: int, queue: int, timeout: float) -> None:
        self._free = BoundedSemaphore(limit)
        self._queue = BoundedSemaphore(queue)
        self._timeout = timeout

    def __enter__(self) -> None:
        """Begin, at once or when another has ended. Raises a 503 Problem when too many wait, a 504 one for too long."""
        if self._free.acquire(blocking=False):
            return
        if not self._queue.acquire(blocking=False):
            raise overloaded()
        try:
            if not self._free.acquire(timeout=self._timeout):
                raise Problem(504)
        finally:
            self._queue.release()

    def __exit__(self, *_error: object) -> None:
        """End, and let another begin."""
        self._free.release()


class Memory:
    """Bytes that may be taken, in all."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> None:
        """Take some. Raises a 503 Problem when there are too few left."""
        if size > self._left:
            raise overloaded()
        self._left -= size

    def give(self, size: int) -> None:
        """Give them back."""
        self._left += size


class Held:
    """Bytes that one request has taken of a memory."""

    __slots__ = ("_memory", "size")

    def __init__(self, memory: Memory) -> None:
        self.size = 0
        self._memory = memory

    def take(self, size: int) -> None:
        """Take more. Raises a 503 Problem when there are too few left; then all is given back, for others who send."""
        try:
            self._memory.take(size)
        except Problem:
            self.give_back()
            raise
        self.size += size

    def give_back(self) -> None:
        """Hold none any more."""
        self._memory.give(self.size)
        self.size = 0


def overloaded() -> Problem:
    """Say that there is too much to do."""
    return Problem(503, "too many requests are worked on: try again later", headers={"Retry-After": "1"})


class Limits:
    """What a worker may have in work at once: what protects predictions, and no other route of the owner's."""

    def __init__(self, settings: Settings) -> None:
        most = settings.max_concurrency
        self.small = Limiter(most, most)
        self.large = Limiter(min(PREDICTIONS, most), min(QUEUE * PREDICTIONS, most))
        self.tables = Limiter(min(TABLES, most), min(QUEUE * TABLES, most))
        self.memory = Memory(settings.bodies)
        self.in_threads = ThreadLimiter(most, most, settings.request_timeout)
        self.tables_in_threads = ThreadLimiter(min(TABLES, most), QUEUE * TABLES, settings.request_timeout)
