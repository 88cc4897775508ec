"""RATE_LIMIT: how many requests a client may make in a time.

Windows are fixed, each from a client's first request on, so that what the headers say is exact: how many are left, and
when all are back. The headers are those of draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import urlsplit

from modelapi.serving.answers import Problem
from modelapi.serving.counts import Counts, NotCounted, SharedCounts
from modelapi.serving.shared import FOLDER
from modelapi.settings import SettingsError

if TYPE_CHECKING:
    from limits import RateLimitItem

Headers: TypeAlias = Mapping[str, str]

MOST = 1_000_000_000  # Requests in a window.


class Rates:
    """Counts the requests of each client against the limits; without any, all pass."""

    def __init__(self, limits: str, store: str = "") -> None:
        """Take the settings RATE_LIMIT and RATE_LIMIT_STORE. Raises ValueError."""
        self._limits = [(name_of(item), item) for item in read_limits(limits)]
        self._counts = open_counts(store) if self._limits else None
        self._policy = ", ".join(f'"{name}";q={item.amount};w={item.get_expiry()}' for name, item in self._limits)

    @property
    def are_limited(self) -> bool:
        """Tell whether there is any limit."""
        return self._counts is not None

    async def take(self, client: str) -> Mapping[str, str]:
        """Count a request of a client, as `identify` names it, and return headers for the answer.

        Raises a 429 Problem.
        """
        steps = self._judge(client)
        try:
            window = next(steps)
            while self._counts:
                window = steps.send(await self._counts.count(*window))
        except NotCounted:  # An API that answers is worth more than one that counts.
            pass
        except StopIteration as end:
            return cast(Headers, end.value)
        return {}

    def take_in_thread(self, client: str) -> Mapping[str, str]:
        """Do as `take` does, where there is no event loop. Raises a 429 Problem."""
        steps = self._judge(client)
        try:
            window = next(steps)
            while self._counts:
                window = steps.send(self._counts.count_in_thread(*window))
        except NotCounted:
            pass
        except StopIteration as end:
            return cast(Headers, end.value)
        return {}

    def _judge(self, client: str) -> Generator[tuple[str, int], tuple[int, float], Headers]:
        """Ask for the count of each window in turn: yields its key and seconds, takes the count and the seconds left.

        Raises a 429 Problem.
        """
        left: list[str] = []
        headers = {"RateLimit-Policy": self._policy} if self._limits else {}
        for name, item in self._limits:
            count, ends = yield item.key_for(client), item.get_expiry()
            seconds = max(1, ceil(ends))
            left.append(f'"{name}";r={max(0, item.amount - count)};t={seconds}')
            headers["RateLimit"] = ", ".join(left)
            if count > item.amount:
                detail = f"this client is over its limit of {name}: try again in {seconds} s"
                raise Problem(429, detail, headers={"Retry-After": str(seconds), **headers})
        return headers


def open_counts(store: str) -> Counts:
    """Count in a Redis or, without its address, together with the other workers of this server. Raises ValueError."""
    if store:
        try:
            from modelapi.serving.redis_counts import RedisCounts  # Slow to import, and of no use to most.
        except ModuleNotFoundError:
            raise SettingsError(
                "RATE_LIMIT_STORE needs the package redis: write modelapi[…,redis] in requirements/common.in and "
                'run "make requirements develop", or leave RATE_LIMIT_STORE empty'
            ) from None
        return RedisCounts(store)
    folder = os.environ.get(FOLDER)
    return SharedCounts(Path(folder) if folder else None)


def read_limits(limits: str) -> list[RateLimitItem]:
    """Read "100/minute" or "10/second;5000/hour", the shortest time first. Raises ValueError."""
    if not limits.strip():
        return []
    from limits import parse_many  # Slow to import, too.

    items = parse_many(limits)
    if not all(1 <= item.amount <= MOST for item in items):
        raise ValueError("a limit lets one request pass or more")
    return sorted(items, key=lambda item: item.get_expiry())


def read_store(url: str) -> None:
    """Check the address of a Redis server, if there is one. Raises ValueError."""
    parts = urlsplit(url)
    if not url:
        return
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or not re.fullmatch(r"/?\d*", parts.path):
        raise ValueError("an address has a scheme, a host and, if any, the number of a database")
    open_counts(url)


def name_of(item: RateLimitItem) -> str:
    """Write a limit as it stands in the setting."""
    return f"{item.amount}/{item.multiples if item.multiples > 1 else ''}{item.GRANULARITY.name}"


@lru_cache(maxsize=4096)
def identify(name: str, address: str) -> str:
    """Name the client that a request is counted for: whose key it is or, without keys, where it comes from."""
    if name:
        return f"key {name}"
    try:
        ip = ip_address(address)
    except ValueError:  # A socket in the file system has none.
        return "address unknown"
    if isinstance(ip, IPv6Address):  # Whoever has one of a network of 2**64 has them all.
        return f"address {ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64)}"
    return f"address {ip}"
