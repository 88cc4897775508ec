"""The front of the application: who may come in, what is asked most often, and how long all else may take.

POST /predict with few records in JSON takes the fast lane: past routing and middleware, through the same handlers,
to the same bytes; so do the probes. FAST_LANE=0 closes it; so does whatever you put before the route (`is_plain` in
app.py). All other requests wait for a slot and are passed on to the framework.
"""

import asyncio
from collections.abc import Awaitable, Callable

from modelapi.serving.answers import CSV, NDJSON, Answer, Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving import describe
from modelapi.serving.predicting import predict_gathered
from modelapi.serving.concurrency import Limiter, Memory
from modelapi.serving.metrics import exposition
from api.passing import Application, Passage, Receive, Scope, Send
from modelapi.serving.rates import identify
from modelapi.serving.service import Service

Headers = dict[bytes, bytes]
Handle = Callable[[Exchange, Scope, Receive], Awaitable[Answer]]

LARGEST_BODY = 65_536  # Bytes, on the fast lane.
THREADS = 16  # In which the framework works; probes that the lane does not take have some more.
TABLES = 8  # Of these threads may hold tables, for a client can take its time to send one.
BODIES = 16  # Of MAX_BODY_BYTES; what is kept in memory of bodies that are on their way to the framework.
ANY = (b"*/*", b"application/json")
PROBES = ("/health", "/ready", "/metrics")


class Front:
    """An ASGI application in front of that of the framework."""

    def __init__(self, app: Application, service: Service, *, has_fast_lane: bool) -> None:
        settings = service.settings
        self.service = service
        self._app = app
        self._largest = min(LARGEST_BODY, settings.max_body_bytes)
        self._probes: dict[str, Handle] = {
            "/health": self._health,
            "/ready": self._ready,
            "/metrics": self._metrics,
        }
        self._has_fast_lane = has_fast_lane
        self._has_guard = service.keys.are_asked_for or service.rates.are_limited or service.cors.is_open
        most = settings.max_concurrency
        self._lane = Limiter(most, most)
        self._threads = Limiter(min(THREADS, most), min(4 * THREADS, most))
        self._tables = Limiter(min(TABLES, most), min(4 * TABLES, most))
        self._memory = Memory(BODIES * settings.max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        exchange = Exchange(headers.get(b"x-request-id", b"").decode("latin-1"), self.service)
        handle = None
        try:
            answer = await self._admit(exchange, scope, headers) if self._has_guard else None
            if not answer:
                handle = self._fast_lane(scope, headers) if self._has_fast_lane else None
                if not handle:
                    scope["modelapi.serving.exchange"] = exchange
                    await self._pass_on(exchange, scope, headers, receive, send)
                    return
                answer = await handle(exchange, scope, receive)
        except Problem as problem:
            answer = problem.answer(exchange.request_id)
        except Exception as error:
            answer = exchange.crash(error)
        except asyncio.CancelledError:  # The time to stop is over.
            exchange.finish(scope["method"], None, 503)
            raise
        fields = {**answer.headers, **exchange.headers}
        encoded = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})
        exchange.finish(scope["method"], scope["path"] if handle else None, answer.status)

    async def _admit(self, exchange: Exchange, scope: Scope, headers: Headers) -> Answer | None:
        """Let a request in, if it has a key and its client is within its limits, or answer it. Raises Problem."""
        service = self.service
        exchange.extra = service.cors.headers(headers.get(b"origin"))
        answer = service.cors.preflight(scope["method"], headers)
        if not answer and exchange.check_key(scope["path"], headers.get(b"authorization"), headers.get(b"x-api-key")):
            address = scope["client"][0] if scope["client"] else ""
            exchange.extra = {**exchange.extra, **await service.rates.take(identify(exchange.who, address))}
        return answer

    def _fast_lane(self, scope: Scope, headers: Headers) -> Handle | None:
        """Find who answers without the framework: small JSON of a known size, and nothing to negotiate."""
        if len(headers) < len(scope["headers"]):  # Which of two counts is for the framework to say.
            return None
        if scope["method"] == "GET":
            return self._probes.get(scope["path"])
        size = headers.get(b"content-length", b"")
        is_plain = (
            scope["method"] == "POST"
            and scope["path"] == "/predict"
            and headers.get(b"content-type") == b"application/json"
            and headers.get(b"accept", b"*/*") in ANY
            and b"content-encoding" not in headers
            and len(size) < 10
            and size.isdigit()
            and int(size) <= self._largest
        )
        return self._predict if is_plain else None

    async def _predict(self, exchange: Exchange, scope: Scope, receive: Receive) -> Answer:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":  # Nobody hears the answer.
                raise Problem(400)
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if exchange.model and exchange.model.is_slow:
            try:
                async with asyncio.timeout(self.service.settings.request_timeout):
                    return await self._predict_in_slot(exchange, scope, body)
            except TimeoutError:
                raise Problem(504) from None
        return await self._predict_in_slot(exchange, scope, body)

    async def _predict_in_slot(self, exchange: Exchange, scope: Scope, body: bytes) -> Answer:
        await self._lane.acquire()
        try:
            return await predict_gathered(exchange, scope["query_string"], body)
        finally:
            self._lane.release()

    async def _health(self, _exchange: Exchange, _scope: Scope, _receive: Receive) -> Answer:
        return describe.health()

    async def _ready(self, exchange: Exchange, _scope: Scope, _receive: Receive) -> Answer:
        return describe.ready(exchange)

    async def _metrics(self, _exchange: Exchange, _scope: Scope, _receive: Receive) -> Answer:
        return await asyncio.to_thread(exposition)

    async def _pass_on(self, exchange: Exchange, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Let the framework answer, when there is a slot for it."""
        passage = Passage(exchange, receive, send)
        if scope["path"] in PROBES:
            await passage.run(self._app, scope)
            return
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        is_table = media_type.decode("latin-1") in (CSV, NDJSON)
        limit = self.service.settings.max_body_bytes
        slots = self._tables if is_table else self._threads
        slots.check()
        try:
            # Whoever sends a body slowly shall hold no slot meanwhile.
            if not is_table and int(headers.get(b"content-length", 0)) <= limit:
                await passage.read(limit, self._memory)
            try:
                async with asyncio.timeout(self.service.settings.request_timeout):
                    await slots.acquire()
            except TimeoutError:
                raise Problem(504) from None
            try:
                await passage.run(self._app, scope)
            finally:
                slots.release()
        finally:
            self._memory.give(passage.size)
