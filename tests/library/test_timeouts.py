"""A prediction that takes too long is a 504, and what nobody waits for any more is not begun."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from modelapi.engines import Prediction, Wanted
from modelapi.records.columns import Columns, n_rows
from modelapi.serving.answers import Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.options import NOTHING, Options
from modelapi.serving.predicting import LARGE_LIST, Records, predict_alone
from modelapi.serving.table_answer import predict_table

from tests.library.web import SECONDS, Hold, MakeClient, Record, newest, served


def give(seconds: float) -> None:
    """Let predictions of the newest application take so long."""
    newest().settings = newest().settings.model_copy(update={"request_timeout": seconds})


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("number", [1, LARGE_LIST + 1])
def test_a_model_that_takes_too_long_is_a_504_and_leaves_its_place_to_the_next(
    make: MakeClient, record: Record, hold: Callable[[], Hold], number: int
) -> None:
    with make(max_concurrency=1, request_timeout=0.05) as client:
        held = hold()

        late = client.post("/predict", json=[record] * number)
        held.let_go()
        give(SECONDS)

        assert (late.status_code, late.json()["title"]) == (504, "Gateway Timeout")
        assert client.post("/predict", json=[record] * number).status_code == 200


@pytest.mark.usefixtures("client")
def test_an_explanation_that_nobody_waits_for_any_more_is_given_up(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, calls = Exchange(None, newest()), []
    engine = type(served().package.engine)
    predict = engine.predict

    def leave(self: Any, columns: Columns, wanted: Wanted) -> Prediction:
        calls.append(n_rows(columns))
        exchange.has_left = True
        return predict(self, columns, wanted)

    monkeypatch.setattr(engine, "predict", leave)
    with pytest.raises(Problem):
        predict_alone(exchange, served(), [record] * 3, Options(explain=True))

    exchange.finish("POST", 400)
    assert calls == [3]
    assert not newest().large.locked()


@pytest.fixture
def left(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """A request whose client has left, where the model is not to be asked any more."""

    def fail(*_columns: Any, **_options: Any) -> Prediction:
        raise AssertionError("nobody wants to know")

    exchange = Exchange(None, newest())
    exchange.has_left = True
    exchange.finish("POST", 400)
    monkeypatch.setattr(type(served().package.engine), "predict", fail)
    return exchange


def test_records_that_nobody_waits_for_are_not_predicted(left: Exchange, record: Record) -> None:
    with pytest.raises(Problem):
        predict_alone(left, served(), [record] * 1_000, NOTHING)


def test_a_table_that_nobody_waits_for_is_not_predicted(left: Exchange, record: Record) -> None:
    line = json.dumps(record).encode() + b"\n"

    with pytest.raises(Problem):
        predict_table(left, served(), Records(left, "application/x-ndjson"), [line], NOTHING)
