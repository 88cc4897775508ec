"""What a view asks for: the model, the records, the options; and how it answers."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from time import monotonic
from typing import Any

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from modelapi.flask.model import Model
from modelapi.serving import options, predicting
from modelapi.serving.answers import JSON, Answer, Problem, body_too_large
from modelapi.serving.exchange import Exchange
from modelapi.serving.predicting import Records
from modelapi.serving.prediction import Prediction

EXCHANGE = "modelapi.exchange"  # The key of the request's Exchange in its environ.
CHUNK = 65_536  # Bytes.
_HEADERS = (
    (b"authorization", "HTTP_AUTHORIZATION"),
    (b"x-api-key", "HTTP_X_API_KEY"),
    (b"accept", "HTTP_ACCEPT"),
    (b"origin", "HTTP_ORIGIN"),
    (b"access-control-request-method", "HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
)


def read_headers(environ: Mapping[str, Any]) -> dict[bytes, bytes]:
    """Return the headers that say who asks, and what of, by their names."""
    return {name: value.encode("latin-1") for name, key in _HEADERS if (value := environ.get(key)) is not None}


def exchange() -> Exchange:
    """Return what goes with this request: its id, the name of its key, the model that answers it."""
    current: Exchange = request.environ[EXCHANGE]
    return current


def current_model(name: str = "") -> Model:
    """Return the model, or the one of this name, as it was when the request came. Raises a 503 Problem."""
    return Model(exchange(), name)


def read_records() -> Records:
    """Read the body: records in JSON, or a table, which is read while it is predicted. Raises Problem."""
    current, given = exchange(), request.environ.get
    media_type, answer_type = predicting.negotiate(
        given("CONTENT_TYPE"), given("HTTP_CONTENT_ENCODING"), given("HTTP_ACCEPT")
    )
    settings = current.service.settings
    if media_type != JSON:
        chunks = _with_deadline(current, read_chunks(settings.max_table_bytes), settings.request_timeout)
        return Records(current, media_type, answer_type=answer_type, chunks=chunks)
    return Records(current, media_type, body=_read_all(settings.max_body_bytes))


def read_options() -> options.Options:
    """Return what the query asks for. Raises a 422 Problem."""
    return options.read_options(request.query_string)


def respond(answer: Answer | Problem | Prediction) -> Response:
    """Translate what modelapi answers to Flask."""
    if isinstance(answer, Problem):
        answer = answer.answer(exchange().request_id)
    elif isinstance(answer, Prediction):
        answer = answer.answer()
    return _Response(answer.body, answer.status, Headers(list(answer.headers.items())))


class _Response(Response):
    """A response whose headers are all there."""

    automatically_set_content_length = False


def _read_all(limit: int) -> bytes:
    """Read a body, which Flask keeps for a view that asks for it too. Raises a 413 Problem if it is over the limit."""
    # One byte more, for werkzeug cuts a chunked body at its limit and says nothing.
    request.max_content_length = limit + 1
    size = request.content_length
    try:
        # What werkzeug does takes ten times as long, but a hook may have made it begin.
        if size is not None and size <= limit and "stream" not in vars(request):
            body: bytes = request.environ["wsgi.input"].read(size)
            if len(body) == size:
                request.environ["wsgi.input"] = BytesIO(body)
                return body
        body = request.get_data()
    except RequestEntityTooLarge:
        raise body_too_large(limit) from None
    except Exception:  # Each server has its own for a client that is gone, or chunks that are no chunks.
        raise Problem(400) from None
    if len(body) > limit:
        raise body_too_large(limit)
    return body


def read_chunks(limit: int) -> Iterator[bytes]:
    """Read the body, or raise a 413 Problem as soon as it is over the limit."""
    request.max_content_length = limit + 1  # As above.
    size = 0
    while chunk := _read(limit):
        size += len(chunk)
        if size > limit:
            raise body_too_large(limit)
        yield chunk


def _read(limit: int) -> bytes:
    try:
        return request.stream.read(CHUNK)
    except RequestEntityTooLarge:
        raise body_too_large(limit) from None
    except Exception:  # As above.
        raise Problem(400) from None


def _with_deadline(exchange: Exchange, chunks: Iterator[bytes], seconds: float) -> Iterator[bytes]:
    """Let the time of the answer begin when the body is there."""
    yield from chunks
    exchange.deadline = monotonic() + seconds
