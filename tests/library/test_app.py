"""The fast lane answers what the framework's route answers, byte for byte, and yields to what you put before it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx2
import pytest

import api.front
from api.app import create_front
from api.front import Front
from api.passing import Message
from modelapi.settings import Settings, load_settings
from modelapi.engines import Prediction
from tests.library.conftest import MakeClient, Record

Ask = Callable[..., httpx2.Response]
HEADERS = {"Content-Type": "application/json", "X-Request-ID": "same"}


def settings(**changes: Any) -> Settings:
    defaults = load_settings().model_dump(include={"model_dir", "allow_pickle", "workers"})
    return Settings.model_construct(**(defaults | changes))


def ask(front: Front, method: str, path: str, body: bytes = b"", **headers: str) -> httpx2.Response:
    return send(front, method, path, body, list((HEADERS | headers).items()))


def send(front: Front, method: str, path: str, body: bytes, headers: list[tuple[str, str]]) -> httpx2.Response:
    async def call() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=front)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.request(method, path, content=body, headers=headers)

    return asyncio.run(asyncio.wait_for(call(), timeout=60))


def bodies(record: Record) -> Iterator[bytes]:
    contents: tuple[object, ...] = (
        record,
        [record],
        [record] * 100,
        [],
        {},
        [{}],
        3,
        [record, {"no": 1}],
        {**record, "no": 1},
    )
    yield from (json.dumps(content).encode() for content in contents)
    yield from (b"", b"{", b"\xff", b'{"a": NaN}', b" " + json.dumps(record).encode() + b"\n")


@pytest.mark.parametrize("query", ["", "?probabilities=true", "?warnings=true", "?warnings=maybe", "?other=1"])
def test_the_lane_and_the_route_answer_the_same_bytes(record: Record, query: str) -> None:
    lane, route = create_front(settings()), create_front(settings(fast_lane=False))

    for body in bodies(record):
        one, other = (ask(front, "POST", f"/predict{query}", body) for front in (lane, route))

        assert (one.status_code, one.content) == (other.status_code, other.content), body
        assert dict(one.headers) == dict(other.headers)


@pytest.mark.parametrize(("method", "path"), [("GET", "/health"), ("HEAD", "/health"), ("GET", "/predict")])
def test_other_paths_are_the_same_too(method: str, path: str) -> None:
    lane, route = create_front(settings()), create_front(settings(fast_lane=False))

    one, other = (ask(front, method, path) for front in (lane, route))

    assert (one.status_code, one.content, dict(one.headers)) == (other.status_code, other.content, dict(other.headers))


def test_limits_and_negotiation_hold_on_the_lane(record: Record) -> None:
    front = create_front(settings(max_body_bytes=10))

    assert ask(front, "POST", "/predict", json.dumps(record).encode()).status_code == 413
    front = create_front(settings())
    assert ask(front, "POST", "/predict", b"{}", **{"Content-Type": "text/plain"}).status_code == 415
    assert ask(front, "POST", "/predict", b"{}", Accept="text/csv").status_code == 406
    assert ask(front, "POST", "/predict", b"{}", **{"Content-Encoding": "gzip"}).status_code == 415


def test_two_headers_of_one_name_are_for_the_framework(record: Record) -> None:
    lane, route = create_front(settings()), create_front(settings(fast_lane=False))
    body = json.dumps(record).encode()
    twice = [("Content-Type", "text/plain"), ("Content-Type", "application/json"), ("X-Request-ID", "same")]

    one, other = (send(front, "POST", "/predict", body, twice) for front in (lane, route))

    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert one.status_code == 415


def test_without_a_model_the_lane_is_not_ready(record: Record, tmp_path: Any) -> None:
    front = create_front(settings(model_dir=tmp_path))

    answer = ask(front, "POST", "/predict", json.dumps(record).encode())

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_model_that_raises_is_a_500_without_a_word_of_it(
    record: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    front = create_front(settings())
    model, secret = front.service.model, "-".join("secret")
    assert model

    def fail(*_columns: Any, **_options: Any) -> Prediction:
        raise RuntimeError(secret)

    monkeypatch.setattr(type(model.package.engine), "predict", fail)

    answer = ask(front, "POST", "/predict", json.dumps(record).encode())

    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "same")
    assert secret not in answer.text
    assert secret not in capsys.readouterr().out


def test_a_client_that_leaves_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    front = create_front(settings())
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def note(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
    headers = [(b"content-type", b"application/json"), (b"content-length", b"10")]
    asyncio.run(front({**scope, "headers": headers}, receive, note))

    assert sent[0]["status"] == 400
    assert "unexpected error" not in capsys.readouterr().out


def test_work_is_given_up_when_the_client_has_left(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    front = create_front(settings())
    body = json.dumps([record] * 10_000).encode()
    answered: list[Message] = []

    async def leave_while_it_waits() -> None:
        has_left = asyncio.Event()
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            has_left.set()
            return {"type": "http.disconnect"}

        async def note(message: Message) -> None:
            answered.append(message)

        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/predict", "query_string": b""}
        call = asyncio.create_task(front({**scope, "headers": headers, "root_path": ""}, receive, note))
        await asyncio.wait_for(has_left.wait(), timeout=30)
        await asyncio.sleep(0)
        front.service.large.release()
        await asyncio.wait_for(call, timeout=30)

    def fail(*_columns: Any, **_options: Any) -> Prediction:
        raise AssertionError("nobody wants to know")

    assert front.service.model
    monkeypatch.setattr(type(front.service.model.package.engine), "predict", fail)
    front.service.large.acquire()  # Another large request is worked on.
    asyncio.run(leave_while_it_waits())

    assert answered[0]["status"] == 400


KEY = b"mapi_a-key-of-ada"
KEYS = f"ada:{sha256(KEY).hexdigest()}"


@pytest.mark.parametrize("lane", [True, False])
def test_a_key_is_asked_for_on_the_lane_and_off_it(
    record: Record, lane: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    front = create_front(settings(fast_lane=lane, api_keys=KEYS))
    body = json.dumps(record).encode()

    refused = ask(front, "POST", "/predict", body)
    wrong = ask(front, "POST", "/predict", body, Authorization="Bearer another")
    answers = [
        ask(front, "POST", "/predict", body, **header)
        for header in ({"X-API-Key": KEY.decode()}, {"Authorization": f"Bearer {KEY.decode()}"})
    ]

    assert [refused.status_code, wrong.status_code] == [401, 401]
    assert refused.headers["www-authenticate"] == "Bearer"
    assert [answer.status_code for answer in answers] == [200, 200]
    assert ask(front, "GET", "/health").status_code == 200
    assert ask(front, "GET", "/nothing").status_code == 401
    logged = capsys.readouterr().out
    assert '"who":"ada"' in logged
    assert "mapi_" not in logged
    assert "another" not in logged


def test_a_key_is_asked_for_where_the_application_is_served_without_the_front(make: MakeClient, record: Record) -> None:
    client = make(api_keys=KEYS)

    assert client.post("/predict", json=record).status_code == 401
    assert client.post("/predict", json=record, headers={"X-API-Key": KEY.decode()}).status_code == 200
    assert client.get("/ready").status_code == 200


def test_the_limit_of_requests_is_a_429_and_leaves_probes_alone(record: Record) -> None:
    front = create_front(settings(rate_limit="2/minute"))
    body = json.dumps(record).encode()

    answers = [ask(front, "POST", "/predict", body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"].startswith('"2/minute";r=1;t=')
    assert int(answers[2].headers["retry-after"]) >= 1
    assert ask(front, "GET", "/ready").status_code == 200


def test_only_pages_of_the_origins_that_are_set_may_call(record: Record) -> None:
    front = create_front(settings(cors_origins="https://a.example, https://b.example"))
    body = json.dumps(record).encode()
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    preflight = ask(front, "OPTIONS", "/predict", b"", **asked)
    allowed = ask(front, "POST", "/predict", body, Origin="https://b.example")
    other = ask(front, "POST", "/predict", body, Origin="https://c.example")
    closed = ask(create_front(settings()), "POST", "/predict", body, Origin="https://a.example")

    assert preflight.status_code == 200
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-origin"] == "https://b.example"
    assert "X-Model-Version" in allowed.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in closed.headers


def test_every_answer_has_the_safe_headers(record: Record) -> None:
    front = create_front(settings())

    answers = [ask(front, "GET", path) for path in ("/", "/health", "/nothing", "/docs", "/static/form.js", "/metrics")]
    answers.append(ask(front, "POST", "/predict", b"?"))
    prediction = ask(front, "POST", "/predict", json.dumps(record).encode())

    for answer in answers:
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for answer in [*answers, prediction]:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_a_table_that_finds_no_place_in_time_is_a_504(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.front, "TABLES", 1)
    front = create_front(settings(request_timeout=0.2))
    transport = httpx2.ASGITransport(app=front)
    table = json.dumps(record).encode() + b"\n"
    may_end = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield table[:3]
        await may_end.wait()
        yield table[3:]

    async def ask_twice() -> tuple[httpx2.Response, httpx2.Response, httpx2.Response]:
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            headers = {"Content-Type": "application/x-ndjson"}
            first = asyncio.create_task(client.post("/predict", content=slowly(), headers=headers))
            await asyncio.sleep(0.1)
            second = await client.post("/predict", content=table, headers=headers)
            may_end.set()
            return second, await first, await client.post("/predict", content=table, headers=headers)

    answers = asyncio.run(asyncio.wait_for(ask_twice(), timeout=60))

    assert [answer.status_code for answer in answers] == [504, 200, 200]


def test_a_slow_model_that_takes_too_long_is_a_504_and_leaves_its_slot(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = create_front(settings(request_timeout=0.1, max_concurrency=1))
    assert front.service.model
    front.service.model = replace(front.service.model, is_slow=True)
    body = json.dumps(record).encode()

    with monkeypatch.context() as patch:
        patch.setattr(api.front, "predict_gathered", lambda *_: asyncio.sleep(60))
        late = ask(front, "POST", "/predict", body)

    assert late.status_code == 504
    assert ask(front, "POST", "/predict", body).status_code == 200
