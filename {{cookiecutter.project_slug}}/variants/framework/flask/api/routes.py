"""The routes: each translates HTTP to a handler and back."""

from collections.abc import Iterator

from flask import Blueprint, Response, current_app, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge

from api import openapi as openapi_document
from api.answers import JSON, Answer, Problem, body_too_large, json_answer
from api.handlers import describe, pages
from api.handlers.predict import negotiate
from api.handlers.predict import predict as predict_records
from api.handlers.tables import predict_table
from api.metrics import exposition
from api.service import Service

blueprint = Blueprint("api", __name__)

CHUNK = 65_536  # Bytes.


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
    """Predict one record, a list of records, or a table; few records in JSON go by api/front.py, if it is open."""
    media_type = negotiate(request.headers)
    if media_type != JSON:
        limit = service().settings.max_table_bytes
        return respond(predict_table(g.exchange, media_type, request.query_string, read_chunks(limit), limit))
    return respond(predict_records(g.exchange, request.query_string, read_body()))


@blueprint.get("/metrics")
def metrics() -> Response:
    """Metrics for Prometheus."""
    return respond(exposition())


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
    """Read the body in JSON. Raises Problem."""
    return b"".join(read_chunks(service().settings.max_body_bytes))


def read_chunks(limit: int) -> Iterator[bytes]:
    """Read the body, or raise a 413 Problem as soon as it is over the limit."""
    # One byte more, for werkzeug cuts a chunked body at its limit and says nothing.
    request.max_content_length = limit + 1
    size = 0
    try:
        while chunk := request.stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise body_too_large(limit)
            yield chunk
    except RequestEntityTooLarge:
        raise body_too_large(limit) from None
    except (OSError, ParseException):  # The client is gone, or its chunks are no chunks.
        raise Problem(400) from None
