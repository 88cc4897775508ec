"""ModelRoute calls a function directly if it asks for no more than the model; FastAPI's own way answers the same."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx2
import numpy as np
import pandas as pd
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, Header, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from modelapi.engines import Prediction as EnginePrediction
from modelapi.fastapi import CurrentModel, Model, ModelNamed, ModelRoute, Options, Prediction, Records
from modelapi.fastapi.requests import current_model
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.test_predict_tables import as_csv, as_lines
from tests.library.web import MakeClient, Record, served

JSON = "application/json"
KEY = "mapi_a-key-of-ada"
MakeRouted = Callable[..., httpx2.Client]


async def pass_by() -> None:
    """A dependency that changes nothing."""


async def predict(model: CurrentModel, records: Records, options: Options) -> Prediction:
    return await model.predict(records, options)


@pytest.fixture
def route(make: MakeClient, monkeypatch: pytest.MonkeyPatch) -> MakeRouted:
    """Make a client of an application with a function of the test's at /predict: route(f, dependencies=[…])."""

    def make_with(
        function: Callable[..., Any], *, router: APIRouter | None = None, on_route: Any = None, **options: Any
    ) -> httpx2.Client:
        from api import routes

        router = router or APIRouter(route_class=ModelRoute)
        router.post("/predict", **(on_route or {}))(function)
        monkeypatch.setattr(routes, "router", router)
        return make(**options)

    return make_with


@pytest.fixture
def detours(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that FastAPI has served in its own way."""
    paths: list[str] = []
    handle = APIRoute.handle

    async def note(self: APIRoute, *asgi: Any) -> None:
        paths.append(self.path)
        await handle(self, *asgi)

    monkeypatch.setattr(APIRoute, "handle", note)
    return paths


def bodies(record: Record) -> Iterator[tuple[str, bytes]]:
    contents: tuple[object, ...] = (
        record,
        [record],
        [record] * 100,
        [record] * 1_000,
        [],
        {},
        [{}],
        3,
        [record, {"no": 1}],
        {**record, "no": 1},
    )
    yield from ((JSON, json.dumps(content).encode()) for content in contents)
    others = (b"", b"{", b"\xff", b'{"a": NaN}', b" " + json.dumps(record).encode() + b"\n", b" " * 200_000)
    yield from ((JSON, content) for content in others)
    yield from (("text/csv", as_csv([record] * number).encode()) for number in (1, 5))
    yield from (("application/x-ndjson", as_lines([record] * number).encode()) for number in (0, 1, 5))
    yield from (("text/csv", b"a,b\n1,2\n"), ("application/x-ndjson", b"{"), ("text/plain", b"{}"), ("", b"{}"))


def assert_same(one: httpx2.Response, other: httpx2.Response) -> None:
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert dict(one.headers) == dict(other.headers)


@pytest.mark.parametrize(
    "query", ["", "?probabilities=true", "?warnings=true&probabilities=true", "?warnings=maybe", "?other=1"]
)
def test_both_ways_answer_the_same_bytes_and_headers(
    route: MakeRouted, record: Record, detours: list[str], query: str
) -> None:
    direct = route(predict, max_body_bytes=150_000, unknown_categories="ignore")
    own = route(
        predict, on_route={"dependencies": [Depends(pass_by)]}, max_body_bytes=150_000, unknown_categories="ignore"
    )

    for media_type, body in bodies(record):
        headers = {"Content-Type": media_type, "X-Request-ID": "same"}
        one = direct.post(f"/predict{query}", content=body, headers=headers)
        assert not detours
        other = own.post(f"/predict{query}", content=body, headers=headers)
        assert detours.pop() == "/predict"

        assert_same(one, other)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Accept", "text/csv")], 406),
        ([("Content-Encoding", "gzip")], 415),
        ([("Content-Type", "text/plain"), ("Content-Type", JSON)], 415),
        ([("Content-Type", JSON), ("Content-Type", "text/plain")], 200),
        ([("Accept", "*/*"), ("Accept", "text/csv")], 200),
    ],
)
def test_both_ways_read_headers_alike(
    route: MakeRouted, record: Record, headers: list[tuple[str, str]], status: int
) -> None:
    direct, own = route(predict), route(predict, on_route={"dependencies": [Depends(pass_by)]})
    base = [("X-Request-ID", "same"), *([] if dict(headers).get("Content-Type") else [("Content-Type", JSON)])]

    one, other = (
        client.post("/predict", content=json.dumps(record), headers=[*base, *headers]) for client in (direct, own)
    )

    assert one.status_code == status
    assert_same(one, other)


def test_both_ways_write_numbers_and_text_alike(
    route: MakeRouted, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, own = route(predict), route(predict, on_route={"dependencies": [Depends(pass_by)]})
    values = [1e-7, 1e22, 0.1, 1.0, -0.0, 5e-324, 1.7e308, 2.0**60]

    def give(labels: Any, *_columns: Any, **_options: Any) -> EnginePrediction:
        return EnginePrediction([labels], [np.array([[1e-9, 1 - 1e-9]] * len(values))])

    for labels in (np.array(values), np.array(["é", "\u2028", '"', "\\", "\x7f", "😀", "</script>", ""])):
        monkeypatch.setattr(type(served().package.engine), "predict", partial(give, labels))
        one, other = (
            client.post("/predict?probabilities=true", json=[record] * len(values), headers={"X-Request-ID": "same"})
            for client in (direct, own)
        )

        assert one.status_code == 200
        assert_same(one, other)


@pytest.mark.parametrize("settings", [{"api_keys": f"ada:{sha256(KEY.encode()).hexdigest()}"}, {"model_dir": Path()}])
def test_both_ways_refuse_alike(route: MakeRouted, record: Record, settings: dict[str, object]) -> None:
    direct, own = route(predict, **settings), route(predict, on_route={"dependencies": [Depends(pass_by)]}, **settings)

    one, other = (client.post("/predict", json=record, headers={"X-Request-ID": "same"}) for client in (direct, own))

    assert one.status_code in (401, 503)
    assert_same(one, other)


async def with_request(request: Request, model: CurrentModel, records: Records, options: Options) -> Prediction:
    assert await request.json()  # The body is there, though it was read for the records.
    return await model.predict(records, options)


async def with_tasks(tasks: BackgroundTasks, model: CurrentModel, records: Records, options: Options) -> Prediction:
    return await model.predict(records, options)


async def with_header(
    model: CurrentModel, records: Records, options: Options, x_of_mine: Annotated[str, Header()] = ""
) -> Prediction:
    return await model.predict(records, options)


async def without_options(model: CurrentModel, records: Records) -> Prediction:
    return await model.predict(records)


async def in_another_order(options: Options, records: Records, model: CurrentModel) -> Prediction:
    return await model.predict(records, options)


async def as_a_dict(model: CurrentModel, records: Records) -> Prediction:
    return {"prediction": (await model.predict(records)).prediction}  # type: ignore[return-value]


@pytest.mark.parametrize("function", [predict, without_options, in_another_order, as_a_dict])
def test_a_function_that_asks_for_the_model_alone_is_called_directly(
    route: MakeRouted, record: Record, detours: list[str], function: Callable[..., Any]
) -> None:
    answer = route(function).post("/predict", json=record)

    assert (answer.status_code, answer.content) == (200, b'{"prediction":[0]}')
    assert not detours


@pytest.mark.parametrize("function", [with_request, with_tasks, with_header])
def test_a_function_that_asks_for_more_is_served_by_fastapi(
    route: MakeRouted, record: Record, detours: list[str], function: Callable[..., Any]
) -> None:
    answer = route(function).post("/predict", json=record)

    assert (answer.status_code, answer.content) == (200, b'{"prediction":[0]}')
    assert detours == ["/predict"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"dependencies": [Depends(pass_by)]}, 200),
        ({"status_code": 201}, 201),
        ({"response_model": None}, 200),
        ({"response_model_include": {"prediction"}}, 200),
        ({"response_class": PlainTextResponse, "response_model": None}, 200),
    ],
)
def test_what_stands_on_the_route_is_done_by_fastapi(
    route: MakeRouted, record: Record, detours: list[str], options: dict[str, Any], status: int
) -> None:
    async def as_options_say(model: CurrentModel, records: Records) -> Any:
        answer = await model.predict(records)
        return answer if options.get("response_class") is None else str(answer.prediction)

    options = {"response_model": Prediction, **options}
    answer = route(as_options_say, on_route=options).post("/predict", json=record)

    assert answer.status_code == status
    assert detours == ["/predict"]


@pytest.mark.parametrize("place", ["route", "router", "include", "app"])
def test_a_dependency_that_refuses_is_asked_wherever_it_stands(
    make: MakeClient, record: Record, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from api import app as module
    from api import routes

    async def refuse() -> None:
        raise HTTPException(401, "who are you?", {"WWW-Authenticate": "Own"})

    refusing = [Depends(refuse)]
    router = APIRouter(route_class=ModelRoute, dependencies=refusing if place == "router" else [])
    router.post("/predict", dependencies=refusing if place == "route" else [])(predict)
    if place == "include":
        outer = APIRouter()
        outer.include_router(router, dependencies=refusing)
        router = outer
    monkeypatch.setattr(routes, "router", router)
    if place == "app":
        fastapi = module.FastAPI
        monkeypatch.setattr(module, "FastAPI", lambda **options: fastapi(dependencies=refusing, **options))
    client = make()

    answers = [
        client.post("/predict", json=record),
        client.post("/predict", content=as_csv([record]), headers={"Content-Type": "text/csv"}),
        client.post("/predict", content=as_lines([record]), headers={"Content-Type": "application/x-ndjson"}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["detail"]) == (401, "who are you?")
        assert answer.headers["www-authenticate"] == "Own"


@pytest.mark.parametrize("on_route", [{}, {"dependencies": [Depends(pass_by)]}])
def test_the_owners_function_is_called_for_every_format(
    route: MakeRouted, record: Record, on_route: dict[str, Any]
) -> None:
    called: list[str] = []

    async def noting(model: CurrentModel, records: Records, options: Options) -> Prediction:
        called.append(records.media_type)
        return await model.predict(records, options)

    client = route(noting, on_route=on_route)
    client.post("/predict", json=record)
    client.post("/predict", content=as_csv([record]), headers={"Content-Type": "text/csv"})
    client.post("/predict", content=as_lines([record]), headers={"Content-Type": "application/x-ndjson"})

    assert called == ["application/json", "text/csv", "application/x-ndjson"]


@pytest.mark.parametrize("on_route", [{}, {"dependencies": [Depends(pass_by)]}])
def test_what_the_function_raises_or_returns_is_the_answer(
    route: MakeRouted, record: Record, on_route: dict[str, Any]
) -> None:
    async def choosy(records: Records) -> Prediction:
        number = len(list(records))
        if number == 1:
            raise HTTPException(404, "no such passenger", {"X-Hint": "board first"})
        if number == 2:
            return Response("mine", 202, {"X-Mine": "1"})  # type: ignore[return-value]
        if number == 3:
            raise RuntimeError("secret")
        return Prediction(prediction=["no model was asked"])

    client = route(choosy, on_route=on_route)
    raised, returned, crashed, made = (client.post("/predict", json=[record] * number) for number in (1, 2, 3, 4))

    assert (raised.status_code, raised.json()["detail"]) == (404, "no such passenger")
    assert raised.headers["x-hint"] == "board first"
    assert (returned.status_code, returned.text, returned.headers["x-mine"]) == (202, "mine", "1")
    assert crashed.status_code == 500
    assert "secret" not in crashed.text
    assert made.content == b'{"prediction":["no model was asked"]}'


def test_records_can_be_looked_at_and_changed_before_they_are_predicted(route: MakeRouted, record: Record) -> None:
    async def of_men_alone(model: CurrentModel, records: Records, options: Options) -> Prediction:
        return await model.predict([{**one, "Sex": "male"} for one in records], options)

    client = route(of_men_alone)
    woman, man = {**record, "Sex": "female"}, {**record, "Sex": "male"}

    changed = client.post("/predict?probabilities=true", json=[woman, man]).json()
    unknown = client.post("/predict", json={**record, "Sex": "unknown"})

    assert changed["probability"][0] == changed["probability"][1]
    assert unknown.status_code == 422


def test_what_the_owner_makes_of_records_is_validated_too(route: MakeRouted, record: Record) -> None:
    async def wrong(model: CurrentModel, records: Records) -> Prediction:
        return await model.predict([{**one, "Age": "old"} for one in records])

    answer = route(wrong).post("/predict", json=record)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/0/Age")


def test_a_test_of_the_owners_can_put_another_model_in_its_place(make: MakeClient, record: Record) -> None:
    class Fake:
        async def predict(self, records: Any, options: Any) -> Prediction:
            return Prediction(prediction=["fake"])

    client = make()
    app: Any = client.app  # type: ignore[attr-defined]
    app.dependency_overrides[current_model] = Fake

    assert client.post("/predict", json=record).json() == {"prediction": ["fake"]}
    app.dependency_overrides.clear()
    assert client.post("/predict", json=record).json() == {"prediction": [0]}


def test_one_function_may_ask_for_two_models(
    route: MakeRouted, record: Record, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    save(tmp_path, pets, pipeline)
    pet = {"fur": "short", "age": 3, "indoor": True}

    async def both(
        kind: Annotated[Model, Depends(ModelNamed("kind"))], model: CurrentModel, records: Records
    ) -> Prediction:
        first = await model.predict(records)
        second = await kind.predict([pet])
        return Prediction(prediction=[*first.prediction, *second.prediction])

    client = route(both, models={"kind": tmp_path})

    assert client.post("/predict", json=record).json() == {"prediction": [0, "cat"]}
