"""How a model is asked in threads: places, time, and clients that leave."""

import asyncio
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx2
import pytest
from modelapi.process.wsgi import WsgiBridge
from modelapi.records import tables
from modelapi.serving import concurrency, exchange
from modelapi.serving.concurrency import Limiter, ThreadLimiter
from werkzeug.test import create_environ, run_wsgi_app

from tests.library.test_predict_tables import NDJSON, as_lines
from tests.library.web import SECONDS, Hold, MakeClient, Record, newest


class Body(io.RawIOBase):
    """A body of which the rest comes when it may."""

    def __init__(self, content: bytes) -> None:
        self.is_read, self.may_end = Event(), Event()
        self._parts = [content[:3], content[3:]]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._parts:
            return 0
        if len(self._parts) == 1:
            self.is_read.set()
            assert self.may_end.wait(SECONDS)
        part = self._parts.pop(0)
        buffer[: len(part)] = part
        return len(part)


def post(client: httpx2.Client, body: io.RawIOBase) -> int:
    """Send a table as a server does that reads it while the application asks for it."""
    environ = create_environ("/predict", method="POST", headers=NDJSON)
    _, status, _ = run_wsgi_app(client.app, {**environ, "wsgi.input": body, "wsgi.input_terminated": True})  # type: ignore[attr-defined]
    return int(status[:3])


@pytest.mark.usefixtures("slow")
def test_what_fits_neither_among_those_at_work_nor_in_the_queue_is_a_503_but_other_routes_answer(
    make: MakeClient, record: Record, hold: Callable[[], Hold]
) -> None:
    client = make()
    newest().limits.in_threads = ThreadLimiter(1, 0, SECONDS)

    with ThreadPoolExecutor(1) as threads:
        held = hold()
        first = threads.submit(client.post, "/predict", json=record)
        held.wait_for_a_call()
        refused = client.post("/predict", json=record)
        others = [client.get(path).status_code for path in ("/health", "/ready", "/model")]
        held.let_go()

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert others == [200] * 3
        assert first.result(SECONDS).status_code == 200
    assert client.post("/predict", json=record).status_code == 200


def test_a_table_that_finds_no_place_in_time_is_a_504(
    make: MakeClient, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concurrency, "TABLES", 1)
    client = make(request_timeout=0.05)
    table = as_lines([record])
    slow = Body(table.encode())

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(post, client, slow)
        assert slow.is_read.wait(SECONDS)
        late = client.post("/predict", content=table, headers=NDJSON)
        newest().settings = newest().settings.model_copy(update={"request_timeout": SECONDS})
        slow.may_end.set()

        assert [late.status_code, first.result(SECONDS)] == [504, 200]
    assert client.post("/predict", content=table, headers=NDJSON).status_code == 200


def test_a_table_that_takes_too_long_from_its_end_on_is_a_504(
    make: MakeClient, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 3)
    client = make(request_timeout=SECONDS)
    monkeypatch.setattr(exchange, "monotonic", lambda: float("inf"))

    assert client.post("/predict", content=as_lines([record] * 10), headers=NDJSON).status_code == 504


def test_a_client_that_leaves_while_it_sends_is_no_error(
    make: MakeClient, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    class Gone(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            raise ConnectionResetError

    assert post(make(), Gone()) == 400
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not [line for line in lines if line["event"] == "unexpected error"]


async def statuses_while_large_work_is_under_way(client: httpx2.Client, body: bytes, *queries: str) -> list[int]:
    """Ask as `modelapi serve` does, while there is no place for any more large work."""
    service = newest()
    service.limits.large = Limiter(1, 0)
    bridge = WsgiBridge(client.app, service)  # type: ignore[attr-defined]
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        found.extend([message["status"]] if "status" in message else [])

    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    for query in queries:
        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": query.encode()}
        scope |= {"headers": headers, "http_version": "1.1", "scheme": "http", "client": None, "server": None}
        async with service.limits.large:
            await bridge(scope, receive, send)
    return found


def test_explanations_are_large_work_so_that_they_do_not_take_all_threads(make: MakeClient, record: Record) -> None:
    asked = statuses_while_large_work_is_under_way(make(), json.dumps(record).encode(), "", "explain=true")

    assert asyncio.run(asked) == [200, 503]
