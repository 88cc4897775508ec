"""The front of the application: what is asked most often is answered here, all else by the framework.

POST /predict with few records in JSON takes the fast lane: past routing and middleware, through the same handlers,
to the same bytes. FAST_LANE=0 closes it; so does whatever you put before the route (`has_fast_lane` in app.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from api.answers import Answer, Problem
from api.exchange import Client, Exchange
from api.handlers.describe import health
from api.handlers.predict import predict_gathered
from api.service import Service

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[bytes, bytes]

LARGEST_BODY = 65_536  # Bytes.
ANY = (b"*/*", b"application/json")


class Front:
    """An ASGI application in front of that of the framework."""

    def __init__(self, app: Application, service: Service, *, has_fast_lane: bool) -> None:
        self.service = service
        self._app = app
        self._has_fast_lane = has_fast_lane
        self._largest = min(LARGEST_BODY, service.settings.max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked, headers = (scope["method"], scope["path"]), dict(scope["headers"])
        is_twice = len(headers) < len(scope["headers"])  # Which of two counts is for the framework to say.
        if is_twice or not self._has_fast_lane:
            await self._pass_on(scope, receive, send)
        elif asked == ("POST", "/predict") and self._is_plain(headers):
            await self._answer(self._predict, scope, headers, receive, send)
        elif asked == ("GET", "/health"):
            await self._answer(self._health, scope, headers, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the framework answer, and note when the client leaves: what is not begun yet need not be done."""
        client = scope["api.client"] = Client()
        watching: list[asyncio.Task[None]] = []

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            client.has_left = True

        async def receive_and_watch() -> Message:
            message = await receive()
            if not message.get("more_body") and not watching:  # This was the last of the body.
                watching.append(asyncio.create_task(watch()))
            return message

        try:
            await self._app(scope, receive_and_watch, send)
        finally:
            for task in watching:
                task.cancel()

    def _is_plain(self, headers: Headers) -> bool:
        """Tell whether the body is JSON of a known, small size, and there is nothing to negotiate."""
        size = headers.get(b"content-length", b"")
        return (
            headers.get(b"content-type") == b"application/json"
            and headers.get(b"accept", b"*/*") in ANY
            and b"content-encoding" not in headers
            and len(size) < 10
            and size.isdigit()
            and int(size) <= self._largest
        )

    async def _predict(self, exchange: Exchange, query: bytes, receive: Receive) -> Answer:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":  # Nobody hears the answer.
                raise Problem(400)
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return await predict_gathered(exchange, query, body)

    async def _health(self, _exchange: Exchange, _query: bytes, _receive: Receive) -> Answer:
        return health()

    async def _answer(
        self,
        handle: Callable[[Exchange, bytes, Receive], Awaitable[Answer]],
        scope: Scope,
        headers: Headers,
        receive: Receive,
        send: Send,
    ) -> None:
        exchange = Exchange(headers.get(b"x-request-id", b"").decode("latin-1"), self.service)
        try:
            answer = await handle(exchange, scope["query_string"], receive)
        except Problem as problem:
            answer = problem.answer(exchange.request_id)
        except Exception as error:
            answer = exchange.crash(error)
        fields = {**answer.headers, **exchange.headers}
        encoded = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})
        exchange.finish(scope["method"], scope["path"], answer.status)
