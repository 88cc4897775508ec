"""The FastAPI application: create_app() assembles it."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, openapi, routes
from api.answers import Problem
from api.exchange import Exchange
from api.front import Front
from api.logs import configure_logs
from api.service import ServedModel, Service
from api.settings import PROJECT, TITLE, Settings, load_settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application with the settings given, or else those of the environment."""
    settings = settings or load_settings()
    configure_logs(settings)
    service = Service(settings)
    service.load()
    # The pages of routes.py replace FastAPI's own docs, which load their scripts from elsewhere.
    app = Api(
        title=TITLE,
        version=PROJECT["project"]["version"],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.include_router(routes.router)
    errors.register(app)
    app.add_middleware(ExchangeMiddleware, service=service)
    return app


def create_front(settings: Settings | None = None) -> Front:
    """Make the application as it is served: with a fast lane before it (api/front.py)."""
    app = create_app(settings)
    service: Service = app.state.service
    return Front(app, service, has_fast_lane=service.settings.fast_lane and is_plain(app))


def is_plain(app: FastAPI) -> bool:
    """Tell whether nothing was put before the route that the fast lane would pass by."""
    (route,) = (one for one in iter_route_contexts(app.routes) if one.path == "/predict")
    is_ours = route.endpoint is routes.predict and not route.dependencies and not app.router.dependencies
    return is_ours and len(app.user_middleware) == 1  # That of create_app.


class Api(FastAPI):
    """FastAPI with the document of our model; routes that you add to the app are in it too."""

    def openapi(self) -> dict[str, Any]:
        """Describe the API with the current model."""
        service: Service = self.state.service
        assert service.model, "the route asks for a model first"
        return self.describe(service.model)

    def describe(self, model: ServedModel) -> dict[str, Any]:
        """Describe the routes of a model, and the added ones as FastAPI does."""
        document = openapi.document(model.package.signature, self.state.service.settings)
        self.openapi_schema = None  # FastAPI would keep the document of its first call.
        added = super().openapi()
        document["paths"] |= added["paths"]
        document["components"]["schemas"] |= added.get("components", {}).get("schemas", {})
        return document


class ExchangeMiddleware:
    """Give each request an Exchange, its headers and its log line, and turn a crash into a 500 problem."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = scope.get("api.exchange")  # That of api/front.py, which has let it in.
        exchange: Exchange = given or Exchange(headers.get(b"x-request-id", b"").decode("latin-1"), self.service)
        scope.setdefault("state", {})["exchange"] = exchange
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(exchange.headers)
            await send(message)

        try:
            if not given:
                exchange.check_key(scope["path"], headers.get(b"authorization"), headers.get(b"x-api-key"))
            await self.app(scope, receive, send_with_headers)
        except Problem as refusal:
            await routes.respond(refusal.answer(exchange.request_id))(scope, receive, send_with_headers)
        except Exception as error:
            answer = exchange.crash(error)
            if not status:
                await routes.respond(answer)(scope, receive, send_with_headers)
        exchange.finish(scope["method"], getattr(scope.get("route"), "path", None), status)
