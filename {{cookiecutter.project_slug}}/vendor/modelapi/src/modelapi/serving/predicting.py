"""POST /predict: records in, one prediction per record out, in the format they came in."""

from contextlib import nullcontext
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from modelapi.serving.answers import CSV, JSON, NDJSON, Answer, Problem, json_answer
from modelapi.serving.exchange import Exchange
from modelapi.serving.negotiation import choose_media_type, require_media_type
from modelapi import outputs
from modelapi.records.columns import Columns
from modelapi.engines import Prediction
from modelapi.records.faults import Fault, InvalidRecords, RecordsError, TooManyRecords
from modelapi.records.parser import MAX_FAULTS, is_one
from modelapi.signature import Signature

MEDIA_TYPES = (JSON, CSV, NDJSON)
LARGE_BODY = 65_536  # Bytes of JSON; predicting more than this takes milliseconds.


class Headers(Protocol):
    """The headers of either framework, which find a name in any case."""

    def get(self, name: str, /) -> str | None:
        """Return the value of a header, or None."""


class Options(NamedTuple):
    """What the client wants to have in the answer besides the predictions."""

    probabilities: bool
    warnings: bool


def negotiate(headers: Headers) -> str:
    """Return the media type of the body, in which the answer will be too. Raises Problem."""
    return _negotiate(headers.get("content-type"), headers.get("content-encoding"), headers.get("accept"))


@lru_cache(maxsize=64)  # Most clients send the same few; what is refused is not kept.
def _negotiate(content_type: str | None, content_encoding: str | None, accept: str | None) -> str:
    media_type = require_media_type(content_type, content_encoding, MEDIA_TYPES)
    return choose_media_type(accept, [media_type])


def takes_long(exchange: Exchange, body: bytes) -> bool:
    """Tell whether to predict the records of this body takes milliseconds, in which others should be served."""
    return len(body) > LARGE_BODY or exchange.require_model().is_slow


def predict(exchange: Exchange, query: bytes, body: bytes) -> Answer:
    """Predict the record, or the list of records, in JSON. Raises Problem."""
    model = exchange.require_model()
    options = read_options(query, model.package.signature)
    with exchange.service.large if len(body) > LARGE_BODY else nullcontext():
        if exchange.has_left:
            raise Problem(400)
        columns = model.parser.columns(read_records(exchange, body))
        prediction = exchange.predict(columns, probabilities=options.probabilities)
        return write(exchange, options, prediction, columns, one=is_one(body))


async def predict_gathered(exchange: Exchange, query: bytes, body: bytes) -> Answer:
    """Predict as above, in one call of the engine with other requests. Raises Problem."""
    model = exchange.require_model()
    options = read_options(query, model.package.signature)
    records = read_records(exchange, body)
    prediction = await model.gatherer.predict(records, probabilities=options.probabilities)
    columns = model.parser.columns(records) if options.warnings else {}
    return write(exchange, options, prediction, columns, one=is_one(body))


def read_records(exchange: Exchange, body: bytes) -> list[dict[str, Any]]:
    """Read and validate records in JSON. Raises Problem."""
    try:
        records = exchange.require_model().parser.read_json(body)
    except RecordsError as error:
        raise refusal(error) from None
    exchange.rows = len(records)
    return records


def write(exchange: Exchange, options: Options, prediction: Prediction, columns: Columns, *, one: bool) -> Answer:
    """Write predictions in JSON, with what else is asked for."""
    signature = exchange.require_model().package.signature
    content: dict[str, Any] = {"prediction": outputs.predictions(prediction, signature)}
    if options.probabilities:
        content["probability"] = outputs.probabilities(prediction, signature)
    if options.warnings:
        found = outputs.warnings(columns, signature.features)[:MAX_FAULTS]
        content["warnings"] = [describe(fault.of_its_row() if one else fault) for fault in found]
    return json_answer(content, is_data=True)


def read_options(query: bytes, signature: Signature) -> Options:
    """Read the query parameters. Raises a 422 Problem."""
    if not query:
        return Options(probabilities=False, warnings=False)
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    wanted = {}
    for name in Options._fields:
        value = given.get(name, ["false"])[-1]
        if value not in ("true", "false"):
            raise Problem(422, f"the query parameter {name} must be true or false")
        wanted[name] = value == "true"
    if wanted["probabilities"] and not signature.probabilities:
        raise Problem(422, "the query parameter probabilities must be false: this model gives no probabilities")
    return Options(**wanted)


def refusal(error: RecordsError) -> Problem:
    """Say what is wrong with records in a Problem."""
    if isinstance(error, InvalidRecords):
        return Problem(422, str(error), errors=map(describe, error.faults))
    return Problem(413 if isinstance(error, TooManyRecords) else 400, str(error))


def describe(fault: Fault) -> dict[str, str]:
    """Write a fault as a member of `errors` or `warnings`."""
    return {"pointer": fault.pointer, "detail": fault.detail}
