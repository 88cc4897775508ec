"""How a model is asked in an event loop: places, memory, time, and clients that leave."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from modelapi.engines import Prediction
from modelapi.serving.concurrency import Limiter, Memory
from starlette.types import Message

from tests.library.test_metrics import value
from tests.library.test_predict_tables import NDJSON
from tests.library.web import SECONDS, Hold, MakeClient, Record, newest, served

Asking = Callable[[httpx2.AsyncClient], Coroutine[Any, Any, None]]


@pytest.fixture
def app(make: MakeClient) -> FastAPI:
    return application(make())


def application(client: httpx2.Client) -> FastAPI:
    app: FastAPI = client.app  # type: ignore[attr-defined]
    return app


def in_a_loop(app: FastAPI, asking: Asking) -> None:
    """Let a coroutine ask the application in the loop that serves it."""

    async def call() -> None:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            await asking(client)

    asyncio.run(asyncio.wait_for(call(), SECONDS))


def scope(body: bytes) -> dict[str, Any]:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    base = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/predict", "root_path": ""}
    return {**base, "query_string": b"", "headers": headers, "client": None}


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other tasks are about to do; `in_a_loop` bounds it."""
    while not condition():
        await asyncio.sleep(0.001)


def fail(*_columns: Any, **_options: Any) -> Prediction:
    raise AssertionError("nobody wants to know")


@pytest.fixture
def note() -> tuple[list[Message], Callable[[Message], Awaitable[None]]]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    return sent, send


Note = tuple[list[Message], Callable[[Message], Awaitable[None]]]


def test_a_client_that_leaves_while_it_sends_is_no_error(
    app: FastAPI, note: Note, capsys: pytest.CaptureFixture[str]
) -> None:
    sent, send = note

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(app(scope(b"0123456789"), receive, send))

    assert sent[0]["status"] == 400
    assert "unexpected error" not in capsys.readouterr().out


def test_work_is_given_up_when_the_client_has_left(
    app: FastAPI, note: Note, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, send = note
    body = json.dumps([record] * 10_000).encode()

    async def leave_while_it_waits() -> None:
        has_left = asyncio.Event()
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            has_left.set()
            return {"type": "http.disconnect"}

        call = asyncio.create_task(app(scope(body), receive, send))
        await asyncio.wait_for(has_left.wait(), SECONDS)
        await asyncio.sleep(0)
        newest().large.release()
        await asyncio.wait_for(call, SECONDS)

    monkeypatch.setattr(type(served().package.engine), "predict", fail)
    newest().large.acquire()  # Another large request is worked on.
    asyncio.run(leave_while_it_waits())

    assert sent[0]["status"] == 400


@pytest.mark.usefixtures("slow")
def test_what_fits_neither_among_those_at_work_nor_in_the_queue_is_a_503_but_other_routes_answer(
    make: MakeClient, record: Record, hold: Callable[[], Hold]
) -> None:
    app = application(make())
    newest().limits.small = Limiter(1, 0)

    @app.get("/mine")
    async def mine() -> str:
        return "mine"

    async def ask(client: httpx2.AsyncClient) -> None:
        held = hold()
        first = asyncio.create_task(client.post("/predict", json=record))
        await asyncio.to_thread(held.wait_for_a_call)

        refused = await client.post("/predict", json=record)
        others = [await client.get(path) for path in ("/health", "/ready", "/mine")]
        held.let_go()

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert [other.status_code for other in others] == [200] * 3
        assert (await first).status_code == 200
        assert (await client.post("/predict", json=record)).status_code == 200

    in_a_loop(app, ask)


def test_routes_of_yours_may_wait_in_any_number(make: MakeClient) -> None:
    app = application(make(max_concurrency=1))
    may_end, waiting = asyncio.Event(), []

    @app.post("/mine")
    async def mine() -> None:
        waiting.append(1)
        await may_end.wait()

    async def ask(client: httpx2.AsyncClient) -> None:
        tasks = [asyncio.create_task(client.post("/mine")) for _ in range(200)]
        await until(lambda: len(waiting) == 200)
        may_end.set()

        assert {(await task).status_code for task in tasks} == {200}

    in_a_loop(app, ask)


@pytest.mark.usefixtures("slow")
def test_the_wait_for_a_place_is_part_of_the_time_of_a_request(make: MakeClient, record: Record) -> None:
    app = application(make(max_concurrency=1, request_timeout=0.05))

    async def ask(client: httpx2.AsyncClient) -> None:
        async with newest().limits.small:
            for number in (1, 1_000):
                async with newest().limits.large:
                    late = await client.post("/predict", json=[record] * number)

                assert late.status_code == 504

    in_a_loop(app, ask)


def test_bodies_that_memory_has_no_place_for_are_a_503_and_leave_what_they_took(app: FastAPI, record: Record) -> None:
    newest().limits.memory = memory = Memory(1_000)

    async def ask(client: httpx2.AsyncClient) -> None:
        for _ in range(3):
            refused = await client.post("/predict", content=b"x" * 1_001, headers={"Content-Type": "application/json"})

            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert (await client.post("/predict", json=record)).status_code == 200

    in_a_loop(app, ask)
    memory.take(1_000)


def test_a_table_that_finds_no_place_in_time_is_a_504_and_one_over_the_queue_a_503(
    make: MakeClient, record: Record
) -> None:
    app = application(make(request_timeout=0.05))
    table = json.dumps(record).encode() + b"\n"

    async def ask(client: httpx2.AsyncClient) -> None:
        newest().limits.tables = Limiter(1, 1)
        is_sending, may_end = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield table[:3]
            is_sending.set()
            await may_end.wait()
            yield table[3:]

        first = asyncio.create_task(client.post("/predict", content=slowly(), headers=NDJSON))
        await is_sending.wait()
        late = await client.post("/predict", content=table, headers=NDJSON)
        newest().limits.tables._queue = 0
        refused = await client.post("/predict", content=table, headers=NDJSON)
        newest().settings = newest().settings.model_copy(update={"request_timeout": SECONDS})
        may_end.set()  # The first has taken longer to send than it may take to be predicted.

        assert [late.status_code, refused.status_code, (await first).status_code] == [504, 503, 200]
        assert (await client.post("/predict", content=table, headers=NDJSON)).status_code == 200

    in_a_loop(app, ask)


def test_a_table_over_the_limit_is_refused_before_it_is_all_there(make: MakeClient, record: Record) -> None:
    app = application(make(max_table_bytes=100))
    asked: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            asked.append(1)
            yield json.dumps(record).encode() + b"\n"

    async def ask(client: httpx2.AsyncClient) -> None:
        answer = await client.post("/predict", content=endless(), headers=NDJSON)

        assert answer.status_code == 413

    in_a_loop(app, ask)
    assert len(asked) < 10


def test_a_request_that_is_cut_off_at_the_stop_is_a_503_in_the_log(
    capsys: pytest.CaptureFixture[str], make: MakeClient
) -> None:
    app = application(make())
    has_begun = asyncio.Event()

    @app.get("/mine")
    async def mine() -> None:
        has_begun.set()
        await asyncio.sleep(SECONDS)

    async def ask(client: httpx2.AsyncClient) -> None:
        call = asyncio.create_task(client.get("/mine"))
        await has_begun.wait()
        call.cancel()
        await asyncio.wait({call})

        assert value((await client.get("/metrics")).text, "http_requests_in_progress") == 1

    in_a_loop(app, ask)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (cut,) = [line for line in lines if line.get("route") == "/mine"]
    assert cut["status"] == 503
