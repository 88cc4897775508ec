"""The project's application as a replica serves it; needs no Ray."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from modelapi.process.target import Target
from modelapi.process.wsgi import WsgiBridge
from modelapi.settings import cores

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def use_one_core() -> None:
    """Let an engine that is loaded from now on calculate in one thread: there is a replica for each core."""
    os.environ["WORKERS"] = str(cores())


def make_app(target: Target) -> Any:
    """Make ASGI of an application, that of Flask too, which knows who asks behind TRUSTED_PROXIES."""
    service = target.extension.service
    app: Any = _Replica(WsgiBridge(target.app, service) if target.is_wsgi else target.app, target.is_wsgi)
    trusted = service.settings.trusted_proxies
    return ProxyHeadersMiddleware(app, trusted) if trusted else app


class _Replica:
    """An application below the proxies of Ray Serve, which ask for its lifespan and answer X-Request-ID themselves."""

    def __init__(self, app: Any, is_wsgi: bool) -> None:
        self._app = app
        self._is_wsgi = is_wsgi

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [header for header in message["headers"] if header[0] != b"x-request-id"]
            await send(message)

        if scope["type"] == "lifespan" and self._is_wsgi:
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
        else:
            await self._app(scope, receive, send_on)
