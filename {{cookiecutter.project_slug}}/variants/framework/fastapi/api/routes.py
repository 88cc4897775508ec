"""The routes: each translates HTTP to a handler and back."""

from collections.abc import AsyncIterator, Iterator

from anyio import from_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.answers import JSON, Answer, Problem, Stream, body_too_large, json_answer
from api.exchange import Exchange
from api.handlers import describe, pages
from api.handlers.predict import negotiate
from api.handlers.predict import predict as predict_records
from api.handlers.tables import predict_table
from api.service import Service
from api.settings import Settings

# api/openapi.py describes these routes, for their schema is the model's.
router = APIRouter(include_in_schema=False)

LARGE_BODY = 16_384  # Bytes; predicting more than this leaves the event loop to others.


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
    """Predict one record, a list of records, or a table."""
    current, query = exchange(request), request.scope["query_string"]
    media_type = negotiate(request.headers)
    if media_type != JSON:
        limit = settings(request).max_table_bytes
        chunks = read_table(request, limit)
        return respond(await run_in_threadpool(predict_table, current, media_type, query, chunks, limit))
    body = await read_body(request)
    if len(body) > LARGE_BODY:
        return respond(await run_in_threadpool(predict_records, current, query, body))
    return respond(predict_records(current, query, body))


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


def settings(request: Request) -> Settings:
    """Return the settings that create_app() was given."""
    service: Service = request.app.state.service
    return service.settings


def respond(answer: Answer) -> Response:
    """Translate an Answer to FastAPI."""
    if isinstance(answer.body, Stream):
        return StreamingResponse(answer.body, answer.status, answer.headers)
    return Response(answer.body, answer.status, answer.headers)


async def read_body(request: Request) -> bytes:
    """Read the body in JSON. Raises Problem."""
    return b"".join([chunk async for chunk in read_chunks(request, settings(request).max_body_bytes)])


def read_table(request: Request, limit: int) -> Iterator[bytes]:
    """Read a table chunk by chunk, from a thread that is not the event loop's. Raises Problem."""
    chunks = read_chunks(request, limit)
    while chunk := from_thread.run(anext, chunks, b""):
        yield chunk


async def read_chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Read the body, or raise a 413 Problem as soon as it is over the limit."""
    if int(request.headers.get("content-length", 0)) > limit:
        raise body_too_large(limit)
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise body_too_large(limit)
            if chunk:
                yield chunk
    except ClientDisconnect:  # Nobody hears the answer, but the log should not call this an error of ours.
        raise Problem(400) from None
