"""What is around all of the application, and what is within it just before the routes."""

import asyncio
from collections.abc import Mapping
from functools import partial

from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from structlog.contextvars import get_contextvars

from modelapi.serving.answers import Answer, Problem, Stream
from modelapi.serving.exchange import Exchange
from modelapi.serving.guard import admit
from modelapi.serving.service import Service
from modelapi.serving.tracing import tracing

EXCHANGE = "modelapi.exchange"  # The key of the request's Exchange in its scope.


class ExchangeMiddleware(ServerErrorMiddleware):
    """Around all other middleware: gives each request an Exchange, each answer its headers, and both a log line.

    OpenTelemetry traces nothing unless it finds a ServerErrorMiddleware outermost, whose `app` it puts below its own.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        super().__init__(self.__call__)
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(reversed(scope["headers"]))
        exchange = Exchange(given.get(b"x-request-id", b"").decode("latin-1"), self._service)
        exchange.given = given
        exchange.extra = self._service.cors.headers(given.get(b"origin"))
        if root := self._service.settings.root_path:
            exchange.is_bare_prefix = scope["path"] == root
            scope = _below(scope, root)
        scope[EXCHANGE] = exchange
        if tracing.spans or b"traceparent" in given:
            scheme, find = scope.get("scheme", "http"), partial(_find, scope)
            exchange.trace = tracing.begin(find, scope["method"], scheme, scope.get("app"))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.begin_answer(message["status"])
                message["headers"] = [*message.get("headers", ()), *_encode(exchange.headers)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # The time to stop is over.
            exchange.status = exchange.status or 503
            raise
        except Exception as error:  # To which the application has given an answer, if it has a handler for it.
            exchange.crash(error)
            if not exchange.status:
                await send_answer(Problem(500).answer(exchange.request_id), send_with_headers)
        finally:
            exchange.held.give_back()
            exchange.route = _route(scope) or exchange.route
            exchange.finish(scope["method"], exchange.status)


class Guard:
    """Within all middleware and handlers, before the routes: lets in by CORS, key and rate."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on that may come in. Raises Problem."""
        if scope["type"] != "http":
            may_come_in = scope["type"] != "websocket" or self._knows(scope)
            await (self._app if may_come_in else WebSocketClose(1008))(scope, receive, send)
            return
        exchange: Exchange = scope[EXCHANGE]
        if self._service.has_guards:
            answer = await admit(exchange, scope["method"], path_below(scope), exchange.given, address_of(scope))
            if answer:
                await send_answer(answer, send)
                return
        try:
            await self._app(scope, receive, send)
        finally:
            exchange.bound = get_contextvars()  # Below a BaseHTTPMiddleware of Starlette it is another task's.

    def _knows(self, scope: Scope) -> bool:
        """Tell whether a websocket needs no key or has one."""
        given = dict(reversed(scope["headers"]))
        try:
            self._service.keys.principal(given.get(b"authorization"), given.get(b"x-api-key"))
        except Problem:
            return self._service.keys.is_open(path_below(scope))
        return True


async def send_answer(answer: Answer, send: Send) -> None:
    """Send an answer, a long one block by block."""
    await send({"type": "http.response.start", "status": answer.status, "headers": _encode(answer.headers)})
    if isinstance(answer.body, Stream):
        for block in answer.body:
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": answer.body})


def _below(scope: Scope, root: str) -> Scope:
    """Say below which prefix the application is, whether the proxy in front passes it on or not."""
    path: str = scope["path"]
    if path == root:
        path = "/"
    return {**scope, "root_path": root, "path": path if path.startswith(f"{root}/") else root + path}


def _encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


def _find(scope: Scope, name: str) -> str | None:
    """Find a header, of several of its name all values with commas."""
    values = [value.decode("latin-1") for given, value in scope["headers"] if given == name.encode()]
    return ",".join(values) if values else None


def address_of(scope: Scope) -> str:
    """Return the address of who asks, empty if it is not known."""
    return scope["client"][0] if scope.get("client") else ""


def path_below(scope: Scope) -> str:
    """Return the path as the routes see it, where the application is below a prefix."""
    root, path = scope.get("root_path", ""), str(scope["path"])
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _route(scope: Scope) -> str | None:
    """Tell the pattern of the path that matched, with the prefixes of the routers that hold it."""
    context = scope.get("fastapi", {}).get("effective_route_context")  # Without it the prefixes are missing.
    route = context or scope.get("route")
    return getattr(route, "path", None) if "endpoint" in scope else None
