"""POST /predict: records in, one prediction per record out, in the format they came in."""

from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from api.answers import CSV, JSON, NDJSON, Answer, Problem, json_answer
from api.exchange import Exchange
from api.negotiation import choose_media_type, require_media_type
from model import outputs
from model.faults import Fault, InvalidRecords, RecordsError, TooManyRecords
from model.records import MAX_FAULTS, is_one
from model.signature import Signature

MEDIA_TYPES = (JSON, CSV, NDJSON)


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
    media_type = require_media_type(headers.get("content-type"), headers.get("content-encoding"), MEDIA_TYPES)
    return choose_media_type(headers.get("accept"), [media_type])


def predict(exchange: Exchange, query: bytes, body: bytes) -> Answer:
    """Predict the record, or the list of records, in JSON. Raises Problem."""
    model = exchange.require_model()
    signature = model.package.signature
    options = read_options(query, signature)
    try:
        columns = model.parser.parse_json(body)
    except RecordsError as error:
        raise refusal(error) from None
    exchange.rows = len(next(iter(columns.values())))
    prediction = model.package.engine.predict(columns, probabilities=options.probabilities)
    content: dict[str, Any] = {"prediction": outputs.predictions(prediction, signature)}
    if options.probabilities:
        content["probability"] = outputs.probabilities(prediction, signature)
    if options.warnings:
        found = outputs.warnings(columns, signature.features)[:MAX_FAULTS]
        content["warnings"] = [describe(fault.of_its_row() if is_one(body) else fault) for fault in found]
    return json_answer(content)


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
