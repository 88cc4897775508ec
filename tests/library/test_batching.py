"""Requests that come at once share a call of the engine, and nobody pays for another's fault."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest
from modelapi.engines import LABELS, Prediction, Wanted
from modelapi.serving import batching
from modelapi.serving.batching import Batcher, Records, ThreadBatcher

from tests.library.web import SECONDS, until

Ask = Callable[..., list[Any]]


class Doubling:
    """A model that answers twice the number, and notes how many rows each call had, and in which thread."""

    def __init__(self, *, is_held: bool = False) -> None:
        self.calls: list[int] = []
        self.threads: set[str] = set()
        self.has_begun, self.may_end = Event(), Event()
        if not is_held:
            self.may_end.set()

    def __call__(self, records: Records, wanted: Wanted) -> Prediction:
        values = np.array([record["x"] for record in records])
        self.calls.append(len(values))
        self.threads.add(threading.current_thread().name)
        self.has_begun.set()
        assert self.may_end.wait(SECONDS)
        if (values < 0).any():
            raise ValueError("negative")
        shares = [np.column_stack([values, values])] if wanted.probabilities else None
        return Prediction([values * 2], shares)


def records(*values: float) -> Records:
    return [{"x": value} for value in values]


def ask_in_a_loop(predict: Doubling, *requests: list[float], is_slow: bool = False) -> list[Any]:
    async def ask() -> list[Any]:
        batcher = Batcher(predict, is_slow=is_slow)
        tasks = [batcher.predict(records(*values), LABELS) for values in requests]
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    return [labels(one) for one in asyncio.run(asyncio.wait_for(ask(), timeout=SECONDS))]


def ask_in_threads(predict: Doubling, *requests: list[float], is_slow: bool = False) -> list[Any]:
    batcher = ThreadBatcher(predict, is_slow=is_slow)

    def ask(values: list[float]) -> Any:
        try:
            return batcher.predict(records(*values), LABELS, timeout=SECONDS)
        except BaseException as error:
            return error

    with ThreadPoolExecutor(len(requests)) as threads:
        return [labels(one) for one in threads.map(ask, requests)]


def labels(result: Any) -> Any:
    return result if isinstance(result, BaseException) else result.labels[0].tolist()


each_way = pytest.mark.parametrize("ask", [ask_in_a_loop, ask_in_threads])


@each_way
@pytest.mark.parametrize("is_slow", [False, True])
def test_each_gets_the_answer_to_its_own_rows(ask: Ask, is_slow: bool) -> None:
    requests = [[float(n)] * (n % 3 + 1) for n in range(50)]

    answers = ask(Doubling(), *requests, is_slow=is_slow)

    assert answers == [[value * 2 for value in values] for values in requests]


@each_way
@pytest.mark.parametrize("is_slow", [False, True])
def test_a_fault_hurts_only_the_one_whose_rows_have_it(ask: Ask, is_slow: bool) -> None:
    first, second, third = ask(Doubling(), [1.0], [-1.0], [3.0], is_slow=is_slow)

    assert (first, third) == ([2.0], [6.0])
    assert isinstance(second, ValueError)


class Broken(Doubling):
    """A model that raises, and where several share a call, answers what is no prediction."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__()
        self._fault = fault

    def __call__(self, records: Records, _wanted: Wanted) -> Prediction:
        if len(records) > 1 and isinstance(self._fault, ValueError):
            return None  # type: ignore[return-value]
        raise self._fault


@each_way
@pytest.mark.parametrize("is_slow", [False, True])
@pytest.mark.parametrize("fault", [StopIteration(), SystemExit(1), ValueError()])
@pytest.mark.parametrize("n", [1, 3])
def test_whatever_the_engine_does_those_who_wait_are_told(
    ask: Ask, is_slow: bool, fault: BaseException, n: int
) -> None:
    found = ask(Broken(fault), *[[1.0]] * n, is_slow=is_slow)

    assert len(found) == n
    assert all(isinstance(one, RuntimeError | type(fault)) for one in found)


def test_requests_of_the_same_moment_are_one_call() -> None:
    model = Doubling()

    ask_in_a_loop(model, [1.0], [2.0, 3.0], [4.0])

    assert model.calls == [4]
    assert model.threads == {"MainThread"}


def test_those_who_come_while_a_slow_engine_works_share_its_next_call() -> None:
    model = Doubling(is_held=True)

    async def ask() -> None:
        batcher = Batcher(model, is_slow=True)
        first = asyncio.create_task(batcher.predict(records(1.0), LABELS))
        await asyncio.to_thread(model.has_begun.wait, SECONDS)
        others = [asyncio.create_task(batcher.predict(records(2.0), LABELS)) for _ in range(19)]
        await asyncio.sleep(0)  # All have asked.
        model.may_end.set()
        await asyncio.gather(first, *others)

    asyncio.run(asyncio.wait_for(ask(), timeout=SECONDS))

    assert model.calls == [1, 19]
    assert all(name.startswith("engine") for name in model.threads)


@pytest.mark.parametrize("is_slow", [False, True])
def test_threads_that_wait_for_their_turn_share_the_next_call(is_slow: bool) -> None:
    model = Doubling(is_held=True)
    batcher = ThreadBatcher(model, is_slow=is_slow)

    def ask(value: float) -> Any:
        return labels(batcher.predict(records(value), LABELS, timeout=SECONDS))

    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(ask, 1.0)
        assert model.has_begun.wait(SECONDS)
        others = [threads.submit(ask, float(number)) for number in range(19)]
        until(lambda: len(batcher._waiting) == 19)
        model.may_end.set()

        assert first.result(SECONDS) == [2.0]
        assert [other.result(SECONDS) for other in others] == [[number * 2.0] for number in range(19)]
    assert model.calls == [1, 19]
    assert all(name.startswith("engine") for name in model.threads) is is_slow


def test_a_thread_gives_up_waiting_for_a_slow_engine_and_its_rows_are_left_out() -> None:
    model = Doubling(is_held=True)
    batcher = ThreadBatcher(model, is_slow=True)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(batcher.predict, records(1.0), LABELS, timeout=SECONDS)
        assert model.has_begun.wait(SECONDS)
        with pytest.raises(TimeoutError):
            batcher.predict(records(2.0), LABELS, timeout=0.01)
        model.may_end.set()

        assert labels(first.result(SECONDS)) == [2.0]
    assert labels(batcher.predict(records(3.0), LABELS, timeout=SECONDS)) == [6.0]
    assert model.calls == [1, 1]


@each_way
def test_a_call_is_bounded_but_a_large_request_is_not_split(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_ROWS", 10)
    model = Doubling()

    answers = ask(model, [1.0] * 4, [2.0] * 4, [3.0] * 4, [4.0] * 25, [5.0])

    assert [len(answer) for answer in answers] == [4, 4, 4, 25, 1]
    assert all(size <= 10 or size == 25 for size in model.calls)
    if ask is ask_in_a_loop:
        assert model.calls == [8, 4, 25, 1]


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_loop_that_was_closed_is_not_waited_for(is_slow: bool) -> None:
    batcher = Batcher(Doubling(), is_slow=is_slow)

    for number in (1.0, 2.0, 3.0):
        asked = batcher.predict(records(number), LABELS)

        assert labels(asyncio.run(asyncio.wait_for(asked, timeout=SECONDS))) == [number * 2]


def test_those_who_want_probabilities_are_predicted_apart() -> None:
    async def ask() -> tuple[Prediction, Prediction]:
        batcher = Batcher(Doubling(), is_slow=False)
        return await asyncio.gather(
            batcher.predict(records(1.0), Wanted(probabilities=True)), batcher.predict(records(2.0), LABELS)
        )

    wanted, other = asyncio.run(ask())

    assert wanted.probabilities is not None
    assert wanted.probabilities[0].tolist() == [[1.0, 1.0]]
    assert other.probabilities is None
