"""So much is worked on at once, a little waits, and more is refused."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from modelapi.serving.answers import Problem
from modelapi.serving.concurrency import Limiter, Memory


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, timeout=10))


def test_what_fits_neither_slots_nor_queue_is_a_503_with_retry_after() -> None:
    async def fill() -> None:
        limiter = Limiter(slots=2, queue=1)
        await limiter.acquire()
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)

        with pytest.raises(Problem) as refused:
            await limiter.acquire()
        limiter.release()
        await waiting

        assert refused.value.status == 503
        assert "Retry-After" in refused.value.headers

    run(fill())


def test_who_waits_gets_a_slot_in_the_order_of_asking() -> None:
    async def ask() -> None:
        limiter, served = Limiter(slots=1, queue=3), []
        await limiter.acquire()

        async def work(name: int) -> None:
            await limiter.acquire()
            served.append(name)
            limiter.release()

        tasks = [asyncio.create_task(work(name)) for name in range(3)]
        await asyncio.sleep(0)
        limiter.release()
        await asyncio.gather(*tasks)

        assert served == [0, 1, 2]

    run(ask())


def test_who_gives_up_waiting_leaves_the_place_to_others() -> None:
    async def give_up() -> None:
        limiter = Limiter(slots=1, queue=1)
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})

        limiter.check()
        limiter.release()
        await limiter.acquire()

    run(give_up())


def test_more_bytes_than_there_is_memory_for_are_a_503() -> None:
    memory = Memory(10)
    memory.take(7)

    with pytest.raises(Problem):
        memory.take(4)
    memory.give(7)

    memory.take(10)
