"""The routes that every API has: pages, probes, metrics, what the models are."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from modelapi.flask.requests import current_model, exchange, read_options, read_records, respond
from modelapi.serving import describe
from modelapi.serving.answers import json_answer
from modelapi.serving.extension import Extension
from modelapi.serving.llms import llms
from modelapi.serving.metrics import exposition


def make_blueprint(api: Extension) -> Blueprint:
    """Make the routes around the models; modelapi.serving.openapi describes them."""
    blueprint = Blueprint("modelapi", __name__)

    def openapi() -> Response:
        return respond(json_answer(api.document()))

    def llms_txt() -> Response:
        return respond(llms(exchange(), api.document()))

    views: dict[str, Callable[..., Response]] = {
        "/": hello,
        "/health": health,
        "/ready": ready,
        "/model": model,
        "/metrics": metrics,
        "/openapi.json": openapi,
        "/llms.txt": llms_txt,
        "/docs": docs,
        "/redoc": redoc,
        "/static/<name>": static,
    }
    for path, view in views.items():
        blueprint.add_url_rule(path, view_func=view, provide_automatic_options=False)
    for name in filter(None, api.service.models):
        options: dict[str, Any] = {"defaults": {"name": name}, "provide_automatic_options": False}
        blueprint.add_url_rule(f"/models/{name}", f"model_{name}", model, **options)
        blueprint.add_url_rule(f"/models/{name}/predict", f"predict_{name}", predict, methods=["POST"], **options)
    return blueprint


def hello() -> Response:
    """Greet with the links, or with the page to try the model."""
    return respond(describe.hello(exchange(), request.headers.get("Accept")))


def health() -> Response:
    """Liveness."""
    return respond(describe.health())


def ready() -> Response:
    """Readiness."""
    return respond(describe.ready(exchange()))


def model(name: str = "") -> Response:
    """What the model takes, how good it is and where it comes from."""
    return respond(describe.model(exchange(), request.headers.get("Accept"), name))


def predict(name: str) -> Response:
    """Predict by another model."""
    return respond(current_model(name).predict(read_records(), read_options()))


def metrics() -> Response:
    """Metrics for Prometheus."""
    return respond(exposition())


def docs() -> Response:
    """Swagger UI."""
    return respond(exchange().service.pages.page("docs.html"))


def redoc() -> Response:
    """ReDoc."""
    return respond(exchange().service.pages.page("redoc.html"))


def static(name: str) -> Response:
    """The scripts and style sheets of the pages."""
    return respond(exchange().service.pages.asset(name))
