"""ModelApi for FastAPI."""

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp

from modelapi.fastapi.middleware import ExchangeMiddleware, Guard
from modelapi.fastapi.protocols import ProtocolMiddleware
from modelapi.fastapi.requests import respond
from modelapi.fastapi.route import ModelRoute
from modelapi.fastapi.routes import make_router
from modelapi.serving.answers import Problem
from modelapi.serving.extension import Extension
from modelapi.serving.openapi import predictions_first
from modelapi.serving.schemas import Schema
from modelapi.serving.tracing import tracing


class ModelApi(Extension):
    """The extension: `ModelApi(settings, adjust=adjust).init_app(app)`, after your own routes."""

    def init_app(self, app: FastAPI) -> None:
        """Load the models, and add their routes and all that guards, logs and counts."""
        # Where there is a provider, FastAPI makes spans of its own, which tell the client's path and query: beside ours
        # only if the owner wants them. If it keeps this elsewhere some day, our spans become children of its own.
        theirs = getattr(app, "_telemetry", {})
        self._begin(provides_spans=not theirs.get("auto_configure"))
        if tracing.spans and tracing.spans.provider and not theirs.get("tracer_provider"):
            theirs["tracing"] = False
        app.state.modelapi = self
        app.include_router(make_router(self.service.models))
        app.router.redirect_slashes = False
        app.exception_handlers.setdefault(Problem, _answer)
        # What is called within all middleware and exception handlers, for each request. If Starlette renames it some
        # day, nothing is guarded, and the tests of keys say so.
        app.router.middleware_stack = Guard(app.router.middleware_stack, self.service)
        build = app.build_middleware_stack
        # Around all middleware, also what is added later, as OpenTelemetry does it.
        app.build_middleware_stack = lambda: ExchangeMiddleware(self._translated(build()), self.service)  # type: ignore[method-assign]
        self._app = app
        app.openapi = self.openapi  # type: ignore[method-assign]

    def _translated(self, app: ASGIApp) -> ASGIApp:
        """Let platforms ask in their protocols, if any are named."""
        return ProtocolMiddleware(app, self.protocols) if self.protocols.spoken else app

    def openapi(self) -> Schema:
        """Describe the application: our routes by the current models, all others as FastAPI does.

        Raises a 503 Problem while there is no model.
        """
        app = self._app
        document = self.document()
        app.openapi_schema = None  # FastAPI would keep the document of its first call.
        added = FastAPI.openapi(app)
        predict = document["paths"]["/predict"].pop("post")  # Which leaves its place to a route that predicts there.
        for path, operations in added["paths"].items():
            document["paths"][path] = {**document["paths"].get(path, {}), **operations}
        for route in iter_route_contexts(app.routes):
            if (
                isinstance(route.original_route, ModelRoute)
                and route.original_route.predicts
                and route.include_in_schema
            ):
                operations = document["paths"][route.path]
                operations["post"] = _merge(operations.get("post", {}), predict)
        document["servers"] = app.servers or document["servers"]
        document["paths"] = predictions_first({path: one for path, one in document["paths"].items() if one})
        document["components"] = {
            kind: _and(document["components"].get(kind, {}), added.get("components", {}).get(kind, {}))
            for kind in _and(document["components"], added.get("components", {}))
        }
        return document


def _merge(theirs: Schema, ours: Schema) -> Schema:
    """Describe a route that predicts by the model, and keep what the owner has added to it."""
    parameters = [*ours["parameters"], *theirs.get("parameters", [])]
    return _and(ours, theirs) | {
        "parameters": parameters,
        "tags": theirs.get("tags", ours["tags"]),
        "responses": _and(ours["responses"], theirs.get("responses", {})),
    }


def _and(ours: Schema, theirs: Schema) -> Schema:
    """Add what is theirs alone."""
    return ours | {name: value for name, value in theirs.items() if name not in ours}


async def _answer(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return respond(request, problem)
