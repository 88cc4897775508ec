"""How many requests each client has made, counted in Redis for all replicas. While it is away, requests pass."""

import asyncio
from time import monotonic, time
from typing import Any

from limits.aio.storage import RedisStorage as AsyncStorage
from limits.errors import StorageError
from limits.storage import RedisStorage as Storage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from modelapi.serving.counts import NotCounted
from modelapi.serving.logs import get_logger

CONNECTIONS = 32
PATIENCE = 0.2  # Seconds; no request waits longer.
REST = 1.0  # Seconds in which a Redis that failed is not asked again.
SILENCE = 60.0  # Seconds from a log line that says so to the next.

log = get_logger()


class RedisCounts:
    """Counts in the windows that `limits` keeps in Redis."""

    def __init__(self, url: str) -> None:
        """Make clients, which connect when they are first asked. Raises ValueError."""
        try:
            # Once more, at once: Redis may have closed a connection that was not used for long.
            pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, retry=Retry(NoBackoff(), 1))
            # This does not connect yet, but refuses options that there are not.
            pool.make_connection()  # type: ignore[no-untyped-call]
        except TypeError as error:
            raise ValueError("an option of the address is not one of the client's") from error
        options: dict[str, Any] = {"implementation": "redispy", "connection_pool": pool}
        self._storage = AsyncStorage("async+redis://", wrap_exceptions=True, **options)
        patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
        self._storage_of_threads = Storage(url, wrap_exceptions=True, **patience)  # type: ignore[arg-type]
        self._rests_until = self._is_silent_until = 0.0

    async def count(self, key: str, period: int) -> tuple[int, float]:
        """Count as Counts does. Raises NotCounted."""
        self._check_rest()
        try:
            async with asyncio.timeout(PATIENCE):
                count = await self._storage.incr(key, period)
                ends = await self._storage.get_expiry(key)
        except (StorageError, TimeoutError, OSError) as error:
            raise self._rest(error) from None
        return count, _seconds_to(ends, period)

    def count_in_thread(self, key: str, period: int) -> tuple[int, float]:
        """Count as Counts does. Raises NotCounted."""
        self._check_rest()
        try:
            count = self._storage_of_threads.incr(key, period)
            ends = self._storage_of_threads.get_expiry(key)
        except (StorageError, TimeoutError, OSError) as error:
            raise self._rest(error) from None
        return count, _seconds_to(ends, period)

    def _check_rest(self) -> None:
        if monotonic() < self._rests_until:
            raise NotCounted

    def _rest(self, error: Exception) -> NotCounted:
        reason = error.__cause__ if isinstance(error, StorageError) else error
        now = monotonic()
        self._rests_until = now + REST
        if now >= self._is_silent_until:
            self._is_silent_until = now + SILENCE
            log.warning("RATE_LIMIT_STORE does not answer: requests pass uncounted", reason=type(reason).__name__)
        return NotCounted()


def _seconds_to(ends: float, period: int) -> float:
    """Redis rounds seconds; a client had better come late."""
    return min(ends - time() + 0.5, period)
