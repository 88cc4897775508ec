"""The routes that every API has: pages, probes, metrics, what the models are."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from modelapi.fastapi.model import Model
from modelapi.fastapi.requests import ModelNamed, Options, Records, exchange, to_response
from modelapi.fastapi.route import ModelRoute
from modelapi.serving import describe
from modelapi.serving.answers import json_answer
from modelapi.serving.llms import llms
from modelapi.serving.metrics import exposition
from modelapi.serving.prediction import Prediction

READ = ["GET", "HEAD"]


def make_router(models: Iterable[str]) -> APIRouter:
    """Make the routes around the models of these names; modelapi.serving.openapi describes them."""
    router = APIRouter(include_in_schema=False)
    routes: dict[str, Callable[..., Any]] = {
        "/": hello,
        "/health": health,
        "/ready": ready,
        "/model": model,
        "/metrics": metrics,
        "/openapi.json": openapi,
        "/llms.txt": llms_txt,
        "/docs": docs,
        "/redoc": redoc,
        "/static/{name}": static,
    }
    for path, function in routes.items():
        router.add_api_route(path, function, methods=READ)
    for name in filter(None, models):
        router.add_api_route(f"/models/{name}", _describe(name), methods=READ)
        router.add_api_route(
            f"/models/{name}/predict", _predict(name), methods=["POST"], route_class_override=ModelRoute
        )
    return router


async def hello(request: Request) -> Response:
    """Greet with the links, or with the page to try the model."""
    return to_response(describe.hello(exchange(request), request.headers.get("accept")))


async def health() -> Response:
    """Liveness."""
    return to_response(describe.health())


async def ready(request: Request) -> Response:
    """Readiness."""
    return to_response(describe.ready(exchange(request)))


async def model(request: Request) -> Response:
    """What the model takes, how good it is and where it comes from."""
    return to_response(describe.model(exchange(request), request.headers.get("accept")))


async def metrics() -> Response:
    """Metrics for Prometheus."""
    return to_response(await asyncio.to_thread(exposition))


async def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return to_response(json_answer(request.app.openapi()))


async def llms_txt(request: Request) -> Response:
    """What this is, for language models."""
    return to_response(llms(exchange(request), request.app.openapi()))


async def docs(request: Request) -> Response:
    """Swagger UI."""
    return to_response(exchange(request).service.pages.page("docs.html"))


async def redoc(request: Request) -> Response:
    """ReDoc."""
    return to_response(exchange(request).service.pages.page("redoc.html"))


async def static(request: Request, name: str) -> Response:
    """The scripts and style sheets of the pages."""
    return to_response(exchange(request).service.pages.asset(name))


def _describe(name: str) -> Callable[..., Any]:
    async def describe_model(request: Request) -> Response:
        return to_response(describe.model(exchange(request), request.headers.get("accept"), name))

    return describe_model


def _predict(name: str) -> Callable[..., Any]:
    async def predict(
        model: Annotated[Model, Depends(ModelNamed(name))], records: Records, options: Options
    ) -> Prediction:
        return await model.predict(records, options)

    return predict
