"""What a route asks for, as FastAPI's dependencies: the model, the records, the options; and how it answers."""

from collections.abc import AsyncIterator
from typing import Annotated, NamedTuple

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive

from modelapi.fastapi.middleware import EXCHANGE
from modelapi.fastapi.model import Model
from modelapi.serving import options, predicting
from modelapi.serving.answers import JSON, Answer, Problem, Stream, body_too_large
from modelapi.serving.exchange import Exchange
from modelapi.serving.prediction import Prediction


def exchange(request: Request) -> Exchange:
    """Return what goes with this request: its id, the name of its key, the model that answers it."""
    current: Exchange = request.scope[EXCHANGE]
    return current


def respond(request: Request, answer: Answer | Problem | Prediction) -> Response:
    """Translate what modelapi answers to FastAPI."""
    if isinstance(answer, Problem):
        return to_response(answer.answer(exchange(request).request_id))
    return to_response(answer.answer() if isinstance(answer, Prediction) else answer)


def to_response(answer: Answer) -> Response:
    """Translate an answer to FastAPI."""
    if isinstance(answer.body, Stream):
        return StreamingResponse(answer.body, answer.status, answer.headers)
    return Response(answer.body, answer.status, answer.headers)


async def current_model(request: Request) -> Model:
    """Return the model, as it was when the request came. Raises a 503 Problem while there is none."""
    return Model(exchange(request))


class ModelNamed(NamedTuple):
    """The dependency on another model of `ModelApi(…, models={name: …})`: `Depends(ModelNamed("fare"))`."""

    name: str

    async def __call__(self, request: Request) -> Model:
        """Return the model. Raises a 503 Problem while there is none."""
        return Model(exchange(request), self.name)


async def read_records(request: Request) -> predicting.Records:
    """Return the records of the body. Raises Problem."""
    given = request.headers.get
    kinds = predicting.negotiate(given("content-type"), given("content-encoding"), given("accept"))
    records = await read(exchange(request), *kinds, given("content-length"), request.receive)
    if not records.is_table:
        # Where Starlette keeps a body that was read, so that a function that asks for it too finds it. If it keeps it
        # elsewhere some day, such a function gets a disconnected client.
        request._body = records.body
    return records


async def read_options(request: Request) -> options.Options:
    """Return what the query asks for. Raises a 422 Problem."""
    return options.read_options(request.scope["query_string"])


async def read(
    exchange: Exchange, media_type: str, answer_type: str, length: bytes | str | None, receive: Receive
) -> predicting.Records:
    """Read the body in JSON, or prepare to read a table. Raises Problem."""
    settings, limits = exchange.service.settings, exchange.service.limits
    if media_type != JSON:
        limits.tables.check()
        chunks = read_chunks(receive, length, settings.max_table_bytes)
        return predicting.Records(exchange, media_type, answer_type=answer_type, receive=receive, chunks=chunks)
    limits.small.check()
    pieces = []
    async for chunk in read_chunks(receive, length, settings.max_body_bytes):
        exchange.held.take(len(chunk))
        pieces.append(chunk)
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return predicting.Records(exchange, media_type, receive=receive, body=body)


async def read_chunks(receive: Receive, length: bytes | str | None, limit: int) -> AsyncIterator[bytes]:
    """Read the body, or raise a 413 Problem as soon as it is over the limit."""
    if length and int(length) > limit:
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


CurrentModel = Annotated[Model, Depends(current_model)]
Records = Annotated[predicting.Records, Depends(read_records)]
Options = Annotated[options.Options, Depends(read_options)]
