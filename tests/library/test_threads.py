"""Flask's views run in few threads, share calls of the engine, and never wait for each other in vain."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from modelapi.engines import LABELS, Prediction, Wanted
from modelapi.process import threads as module
from modelapi.process.threads import Threads, Worker
from modelapi.serving.batching import Records, ThreadBatcher
from modelapi.serving.crew import this_thread

from tests.library.web import SECONDS, until

Work = Callable[[], Any]
HOUR = 3_600


class Model:
    """Answers twice the number, and notes how many rows each call had."""

    def __init__(self, *, is_slow: bool = False) -> None:
        self.calls: list[int] = []
        self.may_predict = threading.Event()
        self.may_predict.set()
        self.batcher = ThreadBatcher(self._predict, is_slow=is_slow)

    def _predict(self, records: Records, _wanted: Wanted) -> Prediction:
        values = np.array([record["x"] for record in records])
        self.calls.append(len(values))
        assert self.may_predict.wait(SECONDS)
        return Prediction([values * 2])

    def ask(self, value: float, timeout: float = SECONDS) -> list[float]:
        prediction = self.batcher.predict([{"x": value}], LABELS, timeout=timeout)
        answer: list[float] = prediction.labels[0].tolist()
        return answer


def run(ask: Callable[[Threads], Coroutine[Any, Any, None]], limit: int = 40) -> Threads:
    """Ask, and see that all threads sleep afterwards."""

    async def within() -> Threads:
        threads = Threads(limit, asyncio.get_running_loop())
        await asyncio.wait_for(ask(threads), SECONDS)
        return threads

    threads = asyncio.run(within())
    until(lambda: threads._n_awake == 0)
    assert len(threads._idle) == len(threads._workers)
    return threads


async def answers(threads: Threads, *works: Work) -> list[Any]:
    """Run all at once, and return what they return."""
    found: list[Any] = [None] * len(works)

    def work(place: int) -> None:
        found[place] = works[place]()

    await asyncio.gather(*[threads.run(lambda place=place: work(place)) for place in range(len(works))])
    return found


@pytest.fixture
def no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no call be taken for one that blocks, however slow the machine is."""
    monkeypatch.setattr(module, "TICK", HOUR)


def when_all_wait(threads: Threads, n: int, work: Work) -> Work:
    """Begin only when the others have come, as on a busy server."""

    def begin() -> Any:
        until(lambda: len(threads._waiting) == n)
        return work()

    return begin


def ask_ten(model: Model, limit: int) -> Threads:
    """Let ten calls predict that come at once, and see that each gets its own answer."""

    async def ask(threads: Threads) -> None:
        asked = [lambda number=number: model.ask(number) for number in range(10)]
        asked[0] = when_all_wait(threads, 9, asked[0])
        assert await answers(threads, *asked) == [[number * 2] for number in range(10)]

    return run(ask, limit)


@pytest.mark.usefixtures("no_tick")
@pytest.mark.parametrize("limit", [40, 10])
def test_the_last_call_that_comes_to_predict_predicts_for_all(limit: int) -> None:
    model = Model()

    ask_ten(model, limit)

    assert model.calls == [10]


@pytest.mark.usefixtures("no_tick")
def test_when_there_are_no_more_threads_those_that_wait_are_served_first() -> None:
    model = Model()

    threads = ask_ten(model, limit=3)

    assert sum(model.calls) == 10
    assert max(model.calls) == 3
    assert len(threads._workers) == 3


@pytest.mark.usefixtures("no_tick")
def test_who_is_alone_waits_for_nobody() -> None:
    model = Model()

    async def ask(threads: Threads) -> None:
        for number in range(3):
            assert await answers(threads, lambda number=number: model.ask(number)) == [[number * 2]]

    threads = run(ask)

    assert model.calls == [1, 1, 1]
    assert len(threads._workers) == 1


def test_calls_that_block_hold_up_no_prediction() -> None:
    model, may_end = Model(), threading.Event()

    async def ask(threads: Threads) -> None:
        blocked = asyncio.gather(*[answers(threads, lambda: may_end.wait(SECONDS)) for _ in range(5)])
        for number in range(20):
            assert await answers(threads, lambda number=number: model.ask(number)) == [[number * 2]]
        assert not blocked.done()
        may_end.set()
        await blocked

    run(ask)


def test_calls_that_block_after_a_slow_engine_has_answered_hold_up_no_other() -> None:
    model, may_end = Model(is_slow=True), threading.Event()
    model.may_predict.clear()

    def predict_and_block() -> list[float]:
        answer = model.ask(1.0)
        assert may_end.wait(SECONDS)
        return answer

    async def ask(threads: Threads) -> None:
        blocking = [asyncio.create_task(answers(threads, predict_and_block)) for _ in range(2)]
        others = [asyncio.create_task(answers(threads, lambda: model.ask(2.0))) for _ in range(6)]
        while sum(worker.turn == 0 for worker in threads._workers) < 8:  # All wait for the engine.
            await asyncio.sleep(0.001)
        await asyncio.sleep(4 * module.TICK)
        model.may_predict.set()

        assert await asyncio.gather(*others) == [[[4.0]]] * 6
        may_end.set()
        assert await asyncio.gather(*blocking) == [[[2.0]]] * 2

    run(ask)


@pytest.mark.parametrize("limit", [2, 3])
def test_what_is_shared_is_done_also_when_all_threads_wait_or_block(limit: int) -> None:
    model, may_end = Model(), threading.Event()

    async def ask(threads: Threads) -> None:
        first = when_all_wait(threads, limit - 1, lambda: model.ask(0))
        others = [lambda number=number: model.ask(number) for number in range(1, limit - 1)]
        predictions = [asyncio.create_task(answers(threads, work)) for work in (first, *others)]
        blocked = asyncio.create_task(answers(threads, lambda: may_end.wait(SECONDS)))

        assert await asyncio.gather(*predictions) == [[[number * 2]] for number in range(limit - 1)]
        may_end.set()
        await blocked

    run(ask, limit)


def test_what_is_shared_is_done_also_while_calls_never_cease() -> None:
    is_done = threading.Event()

    def calculate() -> None:
        ends = time.perf_counter() + 0.001
        while time.perf_counter() < ends:
            pass

    async def client(threads: Threads) -> None:
        while not is_done.is_set():
            await threads.run(calculate)

    async def ask(threads: Threads) -> None:
        clients = [asyncio.create_task(client(threads)) for _ in range(50)]
        await threads.run(lambda: this_thread().share(is_done.set))
        await asyncio.gather(*clients)

    run(ask)


@pytest.mark.usefixtures("no_tick")
def test_a_call_gives_up_waiting_for_a_prediction_and_its_thread_goes_on() -> None:
    model, may_end = Model(), threading.Event()

    def give_up() -> str:
        with pytest.raises(TimeoutError):
            model.ask(1.0, timeout=0.01)
        may_end.set()
        return "gave up"

    async def ask(threads: Threads) -> None:
        asked = (when_all_wait(threads, 1, give_up), lambda: may_end.wait(SECONDS))
        assert await answers(threads, *asked) == ["gave up", True]
        assert await answers(threads, lambda: model.ask(2.0)) == [[4.0]]

    run(ask)

    assert model.calls == [1]


@pytest.mark.parametrize("n_awake", [0, 1])
def test_who_is_resumed_while_giving_up_was_served_and_is_not_resumed_again(n_awake: int) -> None:
    async def give_up() -> None:
        threads = Threads(1, asyncio.get_running_loop())
        worker = Worker(threads)
        threads._n_awake = n_awake

        threads.resume(worker)  # At once, or when the one who is awake leaves.

        assert threads.take_back(worker)
        assert threads._n_awake == n_awake + 1
        assert not threads._resumed
        assert not worker.wake.acquire(blocking=False)

    asyncio.run(give_up())


@pytest.mark.usefixtures("no_tick")
@pytest.mark.parametrize("fault", [OSError("no space left"), IndexError("out of range")])
def test_a_fault_in_what_calls_have_in_common_is_reported_and_stops_nobody(fault: Exception) -> None:
    reported: list[str] = []

    def fail() -> None:
        raise fault

    async def ask(threads: Threads) -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: reported.append(str(context["exception"]))
        )
        await answers(threads, lambda: this_thread().share(fail))
        assert await answers(threads, lambda: "served") == ["served"]

    run(ask)

    assert reported == [str(fault)]


def test_calls_of_all_kinds_that_come_at_once_are_all_answered() -> None:
    model, chance = Model(), random.Random(0)

    def block() -> str:
        time.sleep(chance.choice([0, 0.001, 0.01]))
        return "blocked"

    def fail() -> None:
        raise ValueError("failed")

    def look_up_first() -> list[float]:
        block()
        return model.ask(3.0)

    async def client(threads: Threads) -> None:
        for _ in range(40):
            kind = chance.choice([block, fail, look_up_first, lambda: model.ask(3.0), lambda: model.ask(3.0, 0.0005)])
            try:
                answer = (await answers(threads, kind))[0]
            except (TimeoutError, ValueError):
                continue
            assert answer in ("blocked", [6.0])

    async def ask(threads: Threads) -> None:
        await asyncio.gather(*[client(threads) for _ in range(25)])

    run(ask)
