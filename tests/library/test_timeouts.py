"""What the framework answers is read before it gets it, and must begin in time."""

import asyncio
from typing import Any

import pytest

from modelapi.serving.answers import Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.concurrency import Memory
from api.passing import Application, Message, Passage, Receive, Scope, Send
from modelapi.serving.service import Service
from tests.test_front import settings

START = {"type": "http.response.start", "status": 200, "headers": []}


async def run(
    app: Application, *messages: Message, read: bool = True, pause: float = 0, **changes: Any
) -> tuple[Exchange, list[Message]]:
    """Pass a request on, of which these messages come and then no more; returns what was sent."""
    exchange = Exchange(None, Service(settings(**changes)))
    coming, sent = list(messages), []

    async def receive() -> Message:
        if coming:
            return coming.pop(0)
        await asyncio.sleep(60)
        raise AssertionError("cancelled before")

    async def send(message: Message) -> None:
        sent.append(message)

    passage = Passage(exchange, receive, send)
    if read:
        await passage.read(1_000, Memory(1_000))
    await asyncio.sleep(pause)  # As while it waits for a slot.
    try:
        await asyncio.wait_for(passage.run(app, {}), timeout=20)
    except Problem as problem:
        sent.append({"problem": problem.status})
    return exchange, sent


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    await send(START)
    await send({"type": "http.response.body", "body": body})


async def be_late(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await asyncio.sleep(0.2)
    await send(START)


async def answer_at_once(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("read", [True, False])
def test_the_framework_gets_the_body_whether_it_was_read_before_or_not(read: bool) -> None:
    _, sent = asyncio.run(run(echo, part(b"a", more=True), part(b"b", more=False), read=read))

    assert sent == [START, {"type": "http.response.body", "body": b"ab"}]


@pytest.mark.parametrize("read", [True, False])
def test_an_answer_that_does_not_begin_in_time_is_a_504_and_what_comes_later_is_dropped(read: bool) -> None:
    async def wait() -> tuple[Exchange, list[Message]]:
        result = await run(be_late, part(b"", more=False), read=read, request_timeout=0.05)
        await asyncio.sleep(0.3)
        return result

    exchange, sent = asyncio.run(wait())

    assert sent == [{"problem": 504}]
    assert exchange.has_left


def test_an_answer_that_has_begun_may_take_its_time() -> None:
    async def go_on(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"x"})

    _, sent = asyncio.run(run(go_on, part(b"", more=False), request_timeout=0.05))

    assert sent == [START, {"type": "http.response.body", "body": b"x"}]


def test_a_client_that_leaves_is_noted() -> None:
    async def look(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        await asyncio.sleep(0.05)

    exchange, _ = asyncio.run(run(look, part(b"", more=False), {"type": "http.disconnect"}))

    assert exchange.has_left


def test_a_request_whose_time_was_over_before_its_turn_came_is_a_504() -> None:
    _, sent = asyncio.run(run(answer_at_once, part(b"", more=False), pause=0.1, request_timeout=0.05))

    assert sent == [{"problem": 504}]
