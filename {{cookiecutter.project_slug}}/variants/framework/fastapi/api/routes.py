"""The routes: each translates HTTP to a handler and back."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.answers import Answer, Problem, body_too_large, json_answer
from api.exchange import Exchange
from api.handlers import describe, pages
from api.handlers.predict import predict as predict_records

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
    """Predict one record or a list of records."""
    body = await read_body(request, request.app.state.service.settings.max_body_bytes)
    arguments = exchange(request), request.headers, request.scope["query_string"], body
    if len(body) > LARGE_BODY:
        return respond(await run_in_threadpool(predict_records, *arguments))
    return respond(predict_records(*arguments))


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
    return Response(answer.body, answer.status, answer.headers)


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body, or raise a 413 Problem as soon as it is over the limit."""
    if int(request.headers.get("content-length", 0)) > limit:
        raise body_too_large(limit)
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise body_too_large(limit)
            chunks.append(chunk)
    except ClientDisconnect:  # Nobody hears the answer, but the log should not call this an error of ours.
        raise Problem(400) from None
    return b"".join(chunks)
