"""Requests that come at once share a call of the engine, and nobody pays for another's fault."""

import asyncio
import threading
import time
from typing import Any

import numpy as np
import pytest

from api import gathering
from modelapi.serving.batching import Gatherer
from modelapi.records.columns import Columns
from modelapi.engines import Prediction
from modelapi.records.parser import RecordParser
from modelapi.signature import Feature, Signature, Target

SIGNATURE = Signature(
    features=[Feature(name="x", type="number", dtype="float64", nullable=False, example=1.0)],
    target=Target(name="y", type="number"),
    task="regression",
    probabilities=False,
    n_samples=1,
)


class Doubling:
    """An engine that answers twice the number, and notes how many rows each call had, and in which thread."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls: list[int] = []
        self.threads: set[str] = set()
        self._seconds = seconds

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        values = columns["x"]
        self.calls.append(len(values))
        self.threads.add(threading.current_thread().name)
        time.sleep(self._seconds)
        if (values < 0).any():
            raise ValueError("negative")
        shares = [np.column_stack([values, values])] if probabilities else None
        return Prediction([values * 2], shares)


def gather(engine: Doubling, *requests: list[float], is_slow: bool = False, probabilities: bool = False) -> list[Any]:
    async def ask() -> list[Any]:
        gatherer = Gatherer(RecordParser(SIGNATURE), engine, is_slow=is_slow)
        tasks = [
            gatherer.predict([{"x": value} for value in values], probabilities=probabilities) for values in requests
        ]
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    results = asyncio.run(asyncio.wait_for(ask(), timeout=30))
    return [one if isinstance(one, Exception) else one.labels[0].tolist() for one in results]


@pytest.mark.parametrize("is_slow", [False, True])
def test_each_gets_the_answer_to_its_own_rows(is_slow: bool) -> None:
    requests = [[float(n)] * (n % 3 + 1) for n in range(50)]

    answers = gather(Doubling(), *requests, is_slow=is_slow)

    assert answers == [[value * 2 for value in values] for values in requests]


def test_requests_of_the_same_moment_are_one_call() -> None:
    engine = Doubling()

    gather(engine, [1.0], [2.0, 3.0], [4.0])

    assert engine.calls == [4]
    assert engine.threads == {"MainThread"}


def test_a_slow_engine_works_in_a_thread_of_its_own() -> None:
    engine = Doubling(seconds=0.01)

    gather(engine, *[[1.0]] * 20, is_slow=True)

    assert sum(engine.calls) == 20
    assert len(engine.calls) <= 3
    assert all(name.startswith("engine") for name in engine.threads)


def test_a_call_is_bounded_but_a_large_request_is_not_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_ROWS", 10)
    engine = Doubling()

    answers = gather(engine, [1.0] * 4, [2.0] * 4, [3.0] * 4, [4.0] * 25, [5.0])

    assert [len(answer) for answer in answers] == [4, 4, 4, 25, 1]
    assert engine.calls == [8, 4, 25, 1]


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_fault_hurts_only_the_one_whose_rows_have_it(is_slow: bool) -> None:
    first, second, third = gather(Doubling(), [1.0], [-1.0], [3.0], is_slow=is_slow)

    assert (first, third) == ([2.0], [6.0])
    assert isinstance(second, ValueError)


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_loop_that_was_closed_is_not_waited_for(is_slow: bool) -> None:
    gatherer = Gatherer(RecordParser(SIGNATURE), Doubling(seconds=0.01), is_slow=is_slow)

    for number in (1.0, 2.0, 3.0):
        prediction = asyncio.run(asyncio.wait_for(gatherer.predict([{"x": number}], probabilities=False), timeout=30))

        assert prediction.labels[0].tolist() == [number * 2]


def test_those_who_want_probabilities_are_gathered_apart() -> None:
    async def ask() -> tuple[Prediction, Prediction]:
        gatherer = Gatherer(RecordParser(SIGNATURE), Doubling(), is_slow=False)
        return await asyncio.gather(
            gatherer.predict([{"x": 1.0}], probabilities=True), gatherer.predict([{"x": 2.0}], probabilities=False)
        )

    wanted, other = asyncio.run(ask())

    assert wanted.probabilities is not None
    assert wanted.probabilities[0].tolist() == [[1.0, 1.0]]
    assert other.probabilities is None
