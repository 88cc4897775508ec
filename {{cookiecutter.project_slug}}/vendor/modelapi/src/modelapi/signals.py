"""Signals that end a verb in good order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by(numbers: Collection[signal.Signals], end: Callable[[int], BaseException]) -> Iterator[None]:
    """Let the first of these signals raise what `end` makes of its number, and others not cut off what then follows."""

    def stop(number: int, _frame: object) -> NoReturn:
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise end(number)

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
