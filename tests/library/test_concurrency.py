"""So much is worked on at once, a little waits, and more is refused."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from modelapi.serving.answers import Problem
from modelapi.serving.concurrency import Held, Limiter, Memory, ThreadLimiter


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, timeout=300))


def test_what_fits_neither_among_those_at_work_nor_in_the_queue_is_a_503_with_retry_after() -> None:
    async def fill() -> None:
        limiter, may_end = Limiter(limit=2, queue=1), asyncio.Event()

        async def work() -> None:
            async with limiter:
                await may_end.wait()

        tasks = [asyncio.create_task(work()) for _ in range(3)]
        await asyncio.sleep(0)  # Each has begun, or waits.

        with pytest.raises(Problem) as refused:
            await work()
        may_end.set()
        await asyncio.gather(*tasks)

        assert refused.value.status == 503
        assert "Retry-After" in refused.value.headers
        await work()

    run(fill())


def test_who_waits_begins_in_the_order_of_asking() -> None:
    async def ask() -> None:
        limiter, served = Limiter(limit=1, queue=3), []

        async def work(name: int) -> None:
            async with limiter:
                served.append(name)

        async with limiter:
            tasks = [asyncio.create_task(work(name)) for name in range(3)]
            await asyncio.sleep(0)
            assert not served
        await asyncio.gather(*tasks)

        assert served == [0, 1, 2]

    run(ask())


def test_who_gives_up_waiting_leaves_the_place_to_others() -> None:
    async def give_up() -> None:
        limiter = Limiter(limit=1, queue=1)

        async def work() -> None:
            async with limiter:
                pass

        async with limiter:
            waiting = asyncio.create_task(work())
            await asyncio.sleep(0)
            with pytest.raises(Problem):
                limiter.check()
            waiting.cancel()
            await asyncio.wait({waiting})

            limiter.check()
        await work()

    run(give_up())


def test_a_thread_that_finds_no_place_in_time_is_a_504() -> None:
    limiter = ThreadLimiter(limit=1, queue=1, timeout=0.01)

    for _ in range(2):  # Who gave up waiting has left the queue.
        with limiter, pytest.raises(Problem) as refused:
            limiter.__enter__()

        assert refused.value.status == 504
    with limiter:
        pass


def test_a_thread_that_finds_no_place_in_the_queue_is_a_503_at_once() -> None:
    limiter = ThreadLimiter(limit=1, queue=0, timeout=300)

    with limiter, pytest.raises(Problem) as refused:
        limiter.__enter__()

    assert refused.value.status == 503
    assert "Retry-After" in refused.value.headers


def test_more_bytes_than_there_is_memory_for_are_a_503() -> None:
    memory = Memory(10)
    memory.take(7)

    with pytest.raises(Problem):
        memory.take(4)
    memory.give(7)

    memory.take(10)


def test_a_request_that_memory_has_no_place_for_leaves_all_that_it_took() -> None:
    memory = Memory(10)
    held = Held(memory)
    held.take(7)

    with pytest.raises(Problem):
        held.take(4)
    held.give_back()

    memory.take(10)
    with pytest.raises(Problem):
        memory.take(1)
