"""The paths of other platforms, as FastAPI is asked them."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelapi.fastapi.middleware import EXCHANGE, address_of, path_below, send_answer
from modelapi.fastapi.model import in_thread
from modelapi.fastapi.requests import read
from modelapi.protocols.translation import UNASKED, Asked, Given, Protocols, Renamed, Route, Translation, is_large
from modelapi.serving.answers import JSON, Answer, Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.guard import admit

TYPES = (b"content-type", b"accept")
CHANGED = (*TYPES, b"content-length", b"transfer-encoding")


class ProtocolMiddleware:
    """Around all other middleware: says in the API's own words what a platform asks."""

    def __init__(self, app: ASGIApp, protocols: Protocols) -> None:
        self._app = app
        self._protocols = protocols

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one ASGI event; what is no protocol's goes on without a coroutine of ours."""
        route = self._protocols.find(path_below(scope)) if scope["type"] == "http" else None
        if not route:
            return self._app(scope, receive, send)
        route.note(scope[EXCHANGE])
        _lead(scope, route.target)
        if not route.translation:
            return self._app(scope, receive, send)
        return self._translate(route, route.translation, scope, receive, send)

    async def _translate(
        self, route: Route, translation: Translation, scope: Scope, receive: Receive, send: Send
    ) -> None:
        exchange: Exchange = scope[EXCHANGE]
        is_head = scope["method"] == "HEAD"
        method = "GET" if is_head else scope["method"]
        try:
            asked = UNASKED
            if method == translation.method:
                query = scope["query_string"].decode("latin-1")
                given = Given(exchange, route.name, exchange.given, query=query)
                if renamed := translation.rename(given):
                    await self._rename(renamed, scope, receive, send)
                    return
                route.require_key(exchange, exchange.given)
                body = await _read(exchange, method, receive)
                ask = partial(translation.asked, replace(given, body=body))
                asked = await in_thread(ask) if is_large(body) else ask()
        except Problem as problem:
            problem = await _counted(problem, route, scope)
            await send_answer(translation.refusal(problem, exchange.request_id), send)
            return
        _lead(scope, asked.target or route.target)
        scope["method"] = asked.method or method  # What is translated is the body.
        scope["query_string"] = asked.query.encode()
        scope["headers"] = [*_without(CHANGED, scope["headers"]), (b"content-length", b"%d" % len(asked.body))]
        _set_types(scope, exchange, asked.media_type, asked.answer_type or asked.media_type)
        left, answered = [asked.body], list[bytes]()
        start: Message = {}

        async def receive_body() -> Message:
            return {"type": "http.request", "body": left.pop()} if left else await receive()

        async def send_translated(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            answered.append(message.get("body", b""))
            if not message.get("more_body"):
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
                body = b"".join(answered)
                say = partial(translation.answer, asked, exchange.request_id, start["status"], headers, body)
                said = await in_thread(say) if is_large(body) else say()
                delivered = await _deliver(asked, said, is_large(body))
                await _send_said(delivered, start["headers"], is_head, send)
                exchange.status = max(said.status, delivered.status)  # A refusal may be delivered as a success.

        await self._app(scope, receive_body, send_translated)

    async def _rename(self, renamed: Renamed, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_renamed(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                named = (b"content-type", renamed.name.encode())
                message = {**message, "headers": [*_without(TYPES[:1], message["headers"]), named]}
            await send(message)

        scope["query_string"] = renamed.query.encode()
        scope["headers"] = _without(TYPES, scope["headers"])
        _set_types(scope, scope[EXCHANGE], renamed.media_type, renamed.answer_type)
        await self._app(scope, receive, send_renamed)


async def _read(exchange: Exchange, method: str, receive: Receive) -> bytes:
    """Read the body of a POST. Raises Problem."""
    if method != "POST":
        return b""
    return (await read(exchange, JSON, JSON, exchange.given.get(b"content-length"), receive)).body


async def _deliver(asked: Asked, said: Answer, large: bool) -> Answer:
    """Have what was said written, by a loop of its own if that takes milliseconds."""
    if not asked.deliver:
        return said
    written = asked.deliver(said)
    return await in_thread(partial(asyncio.run, written)) if large else await written


async def _counted(problem: Problem, route: Route, scope: Scope) -> Problem:
    """Count a request that is refused before the API is asked as one of the API, and return why it is refused then."""
    exchange: Exchange = scope[EXCHANGE]
    try:
        await admit(exchange, scope["method"], route.target, exchange.given, address_of(scope))
    except Problem as earlier:
        return earlier
    return problem


def _lead(scope: Scope, target: str) -> None:
    """Have another path answer."""
    scope["path"] = scope.get("root_path", "") + target
    scope["raw_path"] = scope["path"].encode()


def _set_types(scope: Scope, exchange: Exchange, media_type: str, answer_type: str) -> None:
    """Name the media types of the body and of the answer, in headers that name none."""
    scope["headers"] += zip(TYPES, (media_type.encode(), answer_type.encode()), strict=True)
    exchange.given = dict(reversed(scope["headers"]))


async def _send_said(said: Answer, headers: list[tuple[bytes, bytes]], is_head: bool, send: Send) -> None:
    """Send an answer of a protocol, with the headers that the API's own answer had."""
    assert isinstance(said.body, bytes)  # nosec B101 # As of each translation.
    ours = {name.lower().encode(): value.encode("latin-1") for name, value in said.headers.items()}
    headers = [*_without((*CHANGED, *ours), headers), *ours.items()]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else said.body})


def _without(names: tuple[bytes, ...], headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [pair for pair in headers if pair[0].lower() not in names]
