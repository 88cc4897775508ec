"""The routes: each translates HTTP to a handler and back."""

from collections.abc import AsyncIterator, Iterator

from anyio import from_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Receive

from api.answers import JSON, Answer, Problem, Stream, body_too_large, json_answer
from api.exchange import Exchange
from api.handlers import describe, pages
from api.handlers.predict import negotiate, takes_long
from api.handlers.predict import predict as predict_records
from api.handlers.tables import predict_table
from api.metrics import exposition
from api.service import Service

# api/openapi.py describes these routes, for their schema is the model's.
router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def hello(request: Request) -> Response:
    """Greet with the links, or with the page to try the model."""
    return respond(describe.hello(request.headers.get("accept")))


@router.api_route("/health", methods=["GET", "HEAD"])
async def health() -> Response:
    """Liveness."""
    return respond(describe.health())


@router.api_route("/ready", methods=["GET", "HEAD"])
async def ready(request: Request) -> Response:
    """Readiness."""
    return respond(describe.ready(exchange(request)))


@router.api_route("/model", methods=["GET", "HEAD"])
async def model(request: Request) -> Response:
    """What the model takes, how good it is and where it comes from."""
    return respond(describe.model(exchange(request), request.headers.get("accept")))


@router.post("/predict")
async def predict(request: Request) -> Response:
    """Predict one record, a list of records, or a table; few records in JSON go by api/front.py, if it is open."""
    current, query = exchange(request), request.scope["query_string"]
    media_type = negotiate(request.headers)
    if media_type == JSON:
        body = await read_body(request.receive, request.headers, current.service)
        if takes_long(current, body):
            return respond(await run_in_threadpool(predict_records, current, query, body))
        return respond(predict_records(current, query, body))
    limit = current.service.settings.max_table_bytes
    chunks = read_table(request, limit)
    return respond(await run_in_threadpool(predict_table, current, media_type, query, chunks, limit))


@router.api_route("/metrics", methods=["GET", "HEAD"])
async def metrics() -> Response:
    """Metrics for Prometheus."""
    return respond(await run_in_threadpool(exposition))


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    exchange(request).require_model()
    return respond(json_answer(request.app.openapi()))


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs() -> Response:
    """Swagger UI."""
    return respond(pages.page("docs.html"))


@router.api_route("/redoc", methods=["GET", "HEAD"])
async def redoc() -> Response:
    """ReDoc."""
    return respond(pages.page("redoc.html"))


@router.api_route("/static/{name}", methods=["GET", "HEAD"])
async def static(name: str) -> Response:
    """The scripts and style sheets of the pages."""
    return respond(pages.asset(name))


def exchange(request: Request) -> Exchange:
    """Return what goes with this request."""
    current: Exchange = request.state.exchange
    return current


def respond(answer: Answer) -> Response:
    """Translate an Answer to FastAPI."""
    if isinstance(answer.body, Stream):
        return StreamingResponse(answer.body, answer.status, answer.headers)
    return Response(answer.body, answer.status, answer.headers)


async def read_body(receive: Receive, headers: Headers, service: Service) -> bytes:
    """Read the body in JSON. Raises Problem."""
    return b"".join([chunk async for chunk in read_chunks(receive, headers, service.settings.max_body_bytes)])


def read_table(request: Request, limit: int) -> Iterator[bytes]:
    """Read a table chunk by chunk, from a thread that is not the event loop's. Raises Problem."""
    chunks = read_chunks(request.receive, request.headers, limit)
    while chunk := from_thread.run(anext, chunks, b""):
        yield chunk


async def read_chunks(receive: Receive, headers: Headers, limit: int) -> AsyncIterator[bytes]:
    """Read the body, or raise a 413 Problem as soon as it is over the limit."""
    if int(headers.get("content-length", 0)) > limit:
        raise body_too_large(limit)
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":  # Nobody hears the answer, but this is no error of ours.
            raise Problem(400)
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise body_too_large(limit)
        if chunk:
            yield chunk
