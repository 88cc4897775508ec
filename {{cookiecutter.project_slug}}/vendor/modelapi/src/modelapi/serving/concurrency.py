"""How much is worked on at once, and how much of what clients send is kept in memory meanwhile."""

import asyncio

from modelapi.serving.answers import Problem


class Limiter:
    """Slots, given out in the order they are asked for; when a short queue is full, more are refused."""

    def __init__(self, slots: int, queue: int) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._queue = queue
        self._waiting = 0

    def check(self) -> None:
        """Raise a 503 Problem if neither a slot is free nor a place to wait for one."""
        if self._waiting >= self._queue and self._slots.locked():
            raise overloaded()

    async def acquire(self) -> None:
        """Take a slot, at once or when one is free. Raises a 503 Problem when too many wait already."""
        self.check()
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def release(self) -> None:
        """Give a slot back."""
        self._slots.release()


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


def overloaded() -> Problem:
    """Say that there is too much to do."""
    return Problem(503, "too many requests are worked on: try again later", headers={"Retry-After": "1"})
