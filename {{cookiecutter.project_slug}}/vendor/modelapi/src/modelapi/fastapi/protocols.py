"""The paths of other platforms, as FastAPI is asked them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelapi.fastapi.middleware import EXCHANGE, path_below, send_answer
from modelapi.fastapi.requests import read
from modelapi.protocols import Route, Translation
from modelapi.serving.answers import JSON, Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.negotiation import require_media_type


class ProtocolMiddleware:
    """Around all other middleware: says in the API's own words what a platform asks."""

    def __init__(self, app: ASGIApp, routes: dict[str, Route]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        route = self._routes.get(path_below(scope)) if scope["type"] == "http" else None
        if route:
            scope["path"] = scope.get("root_path", "") + route.target
            scope["raw_path"] = scope["path"].encode()
            if route.translation and scope["method"] == "POST":
                await self._translate(route.translation, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _translate(self, translation: Translation, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        try:
            given = exchange.given
            # Before a body is read, as the API itself does.
            exchange.service.keys.principal(given.get(b"authorization"), given.get(b"x-api-key"))
            content_type, encoding = (given.get(name, b"").decode("latin-1") for name in _BODY)
            require_media_type(content_type, encoding, [JSON])
            records = await read(exchange, JSON, given.get(b"content-length"), receive)
            query, body = translation.read(records.body)
        except Problem as problem:
            await send_answer(translation.refusal(problem, exchange.request_id), send)
            return
        scope["query_string"] = query.encode()
        scope["headers"] = [*_without_length(scope["headers"]), (b"content-length", b"%d" % len(body))]
        asked, answered = [body], list[bytes]()
        start: Message = {}

        async def receive_body() -> Message:
            return {"type": "http.request", "body": asked.pop()} if asked else await receive()

        async def send_translated(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            answered.append(message.get("body", b""))
            if not message.get("more_body"):
                said = translation.write(start["status"], b"".join(answered))
                headers = [pair for pair in _without_length(start["headers"]) if pair[0] != b"content-type"]
                start["headers"] = [*headers, (b"content-type", JSON.encode()), (b"content-length", b"%d" % len(said))]
                await send(start)
                await send({"type": "http.response.body", "body": said})

        await self._app(scope, receive_body, send_translated)


_BODY = (b"content-type", b"content-encoding")


def _without_length(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [pair for pair in headers if pair[0] not in (b"content-length", b"transfer-encoding")]
