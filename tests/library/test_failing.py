"""Values that a model cannot predict though its signature allows them: the records are named, the others answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from modelapi.engines import LABELS, Prediction, Wanted
from modelapi.engines.failing import FAILS, MAX_CALLS, NOT_FINITE, rows_not_finite, rows_that_raise
from modelapi.records.columns import Columns
from modelapi.serving import explaining

from tests.library.web import MakeClient, Record, served

if TYPE_CHECKING:
    import httpx2

RAISES, INFINITE, ALWAYS, TOGETHER = 13.0, 14.0, 15.0, 16.0  # Ages.


@pytest.fixture
def client(make: MakeClient, monkeypatch: pytest.MonkeyPatch) -> httpx2.Client:
    """A client of a model of numbers that fails for some ages."""
    client = make()
    engine = type(served().package.engine)
    predict, is_broken = engine.predict, []

    def fail(self: Any, columns: Columns, wanted: Wanted = LABELS) -> Prediction:
        ages = columns["Age"]
        if (ages == ALWAYS).any():
            is_broken.append(True)
        if is_broken or (ages == RAISES).any() or (len(ages) > 1 and (ages == TOGETHER).any()):
            raise ValueError("a value that nobody is to see")
        prediction = predict(self, columns, wanted)
        return prediction.replace([np.where(ages == INFINITE, np.inf, prediction.labels[0].astype(float))])

    monkeypatch.setattr(engine, "predict", fail)
    return client


@pytest.mark.parametrize(("age", "why"), [(RAISES, FAILS), (INFINITE, NOT_FINITE)])
def test_the_records_are_named(client: httpx2.Client, record: Record, age: float, why: str) -> None:
    bad = {**record, "Age": age}

    one = client.post("/predict", json=bad)
    few = client.post("/predict", json=[record, bad, record, bad])
    many = client.post("/predict", json=[record] * 12_000 + [bad] + [record] * 3)

    assert [answer.status_code for answer in (one, few, many)] == [422] * 3
    assert one.json()["errors"] == [{"pointer": "", "detail": why}]
    assert few.json()["errors"] == [{"pointer": f"/{row}", "detail": why} for row in (1, 3)]
    assert many.json()["errors"] == [{"pointer": "/12000", "detail": why}]
    assert "nobody" not in one.text


@pytest.mark.parametrize(("age", "why"), [(RAISES, FAILS), (INFINITE, NOT_FINITE)])
def test_the_rows_of_a_table_are_named(client: httpx2.Client, record: Record, age: float, why: str) -> None:
    rows = [record, {**record, "Age": age}, record]
    csv = "\n".join([",".join(record), *(",".join(map(str, row.values())) for row in rows)])

    answers = [
        client.post("/predict", content=csv, headers={"Content-Type": "text/csv"}),
        client.post(
            "/predict", content="\n".join(map(json.dumps, rows)), headers={"Content-Type": "application/x-ndjson"}
        ),
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": "/1", "detail": f"row 2: {why}"}]


def test_a_record_that_is_predicted_but_cannot_be_explained_is_named(client: httpx2.Client, record: Record) -> None:
    answer = client.post("/predict?explain=true", json={**record, "Age": TOGETHER})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "", "detail": explaining.FAILS}]


def test_a_model_that_fails_for_all_or_for_no_record_alone_is_a_500(client: httpx2.Client, record: Record) -> None:
    together, always = ({**record, "Age": age} for age in (TOGETHER, ALWAYS))

    def status_of(content: object) -> int:
        try:
            return client.post("/predict", json=content).status_code
        except ValueError:  # Which Starlette's client raises again.
            return 500

    assert status_of([together] * 3) == 500
    assert status_of([together]) == 200
    assert status_of([always]) == 500


def test_the_search_is_bounded() -> None:
    calls: list[int] = []

    def predict(part: Columns) -> None:
        calls.append(len(part["x"]))
        if (part["x"] < 0).any():
            raise ValueError

    def search(values: Any, **options: int) -> list[int]:
        calls.clear()
        return rows_that_raise(predict, {"x": np.asarray(values, float)}, {"x": np.zeros(1)}, **options)

    assert search(np.where(np.arange(1_000_000) == 777_777, -1, 1)) == [777_777]
    assert search([-1]) == [0]
    assert len(calls) == 2
    found = search(np.full(10_000, -1))
    assert found == list(range(len(found)))
    assert found
    assert len(calls) <= MAX_CALLS + 1
    assert search(np.full(100, -1), max_calls=200) == list(range(100))
    assert search([1, 1]) == []


def test_what_is_not_asked_for_may_be_nan() -> None:
    shares = np.array([[0.5, 0.5], [np.nan, 1]])
    prediction = Prediction([np.array(["a", "b"])], [shares], np.array([-np.inf, 1]))

    assert rows_not_finite(prediction, LABELS) == []
    assert rows_not_finite(prediction, Wanted(probabilities=True)) == [1]
    assert rows_not_finite(prediction, Wanted(probabilities=True, scores=True)) == [0, 1]
