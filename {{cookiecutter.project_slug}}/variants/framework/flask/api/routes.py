"""The routes: each translates HTTP to a handler and back."""

from flask import Blueprint, Response, current_app, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge

from api import openapi as openapi_document
from api.answers import Answer, Problem, body_too_large, json_answer
from api.handlers import describe, pages
from api.handlers.predict import predict as predict_records
from api.service import Service

blueprint = Blueprint("api", __name__)


@blueprint.get("/")
def hello() -> Response:
    """Greet with the links, or with the page to try the model."""
    return respond(describe.hello(request.headers.get("Accept")))


@blueprint.get("/health")
def health() -> Response:
    """Liveness."""
    return respond(describe.health())


@blueprint.get("/ready")
def ready() -> Response:
    """Readiness."""
    return respond(describe.ready(g.exchange))


@blueprint.get("/model")
def model() -> Response:
    """What the model takes, how good it is and where it comes from."""
    return respond(describe.model(g.exchange, request.headers.get("Accept")))


@blueprint.post("/predict")
def predict() -> Response:
    """Predict one record or a list of records."""
    return respond(predict_records(g.exchange, request.headers, request.query_string, read_body()))


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document."""
    signature = g.exchange.require_model().package.signature
    return respond(json_answer(openapi_document.document(signature, service().settings)))


@blueprint.get("/docs")
def docs() -> Response:
    """Swagger UI."""
    return respond(pages.page("docs.html"))


@blueprint.get("/redoc")
def redoc() -> Response:
    """ReDoc."""
    return respond(pages.page("redoc.html"))


@blueprint.get("/static/<name>")
def static(name: str) -> Response:
    """The scripts and style sheets of the pages."""
    return respond(pages.asset(name))


def service() -> Service:
    """Return the service that create_app() made."""
    made: Service = current_app.extensions["service"]
    return made


def respond(answer: Answer) -> Response:
    """Translate an Answer to Flask."""
    return Response(answer.body, answer.status, answer.headers)


def read_body() -> bytes:
    """Read the body, or raise a 413 Problem if it is over the limit."""
    limit = service().settings.max_body_bytes
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        raise body_too_large(limit) from None
    except (OSError, ParseException):  # The client is gone, or its chunks are no chunks.
        raise Problem(400) from None
    if len(body) > limit:
        raise body_too_large(limit)
    return body
