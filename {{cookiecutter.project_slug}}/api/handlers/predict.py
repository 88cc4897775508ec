"""POST /predict: one record or a list of records in, one prediction per record out."""

from typing import Any, Protocol
from urllib.parse import parse_qs

from api.answers import JSON, Answer, Problem, json_answer
from api.exchange import Exchange
from api.negotiation import choose_media_type, require_media_type
from model.engines import Prediction
from model.records import Columns, InvalidRecords, MalformedRecords, RecordParser, TooManyRecords
from model.signature import Label, Signature


class Headers(Protocol):
    """The headers of either framework, which find a name in any case."""

    def get(self, name: str, /) -> str | None:
        """Return the value of a header, or None."""


def predict(exchange: Exchange, headers: Headers, query: bytes, body: bytes) -> Answer:
    """Predict the records in the body. Raises Problem."""
    model = exchange.require_model()
    require_media_type(headers.get("content-type"), headers.get("content-encoding"), [JSON])
    choose_media_type(headers.get("accept"), [JSON])
    probabilities = _wants_probabilities(query, model.package.signature)
    columns = _parse(model.parser, body)
    exchange.rows = len(next(iter(columns.values())))
    prediction = model.package.engine.predict(columns, probabilities=probabilities)
    return json_answer(_content(prediction, model.package.signature))


def _content(prediction: Prediction, signature: Signature) -> dict[str, Any]:
    content: dict[str, Any] = {"prediction": prediction.labels.tolist()}
    if prediction.probabilities is not None:
        names = [label_name(label) for label in signature.target.classes or []]
        content["probability"] = [dict(zip(names, row, strict=True)) for row in prediction.probabilities.tolist()]
    return content


def label_name(label: Label) -> str:
    """Write a label as the name of a JSON member, as JSON itself would write it."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def _parse(parser: RecordParser, body: bytes) -> Columns:
    try:
        return parser.parse_json(body)
    except MalformedRecords as error:
        raise Problem(400, str(error)) from None
    except TooManyRecords as error:
        raise Problem(413, str(error)) from None
    except InvalidRecords as error:
        raise Problem(422, str(error), errors=[fault._asdict() for fault in error.errors]) from None


def _wants_probabilities(query: bytes, signature: Signature) -> bool:
    if not query:
        return False
    value = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("probabilities", ["false"])[-1]
    if value not in ("true", "false"):
        raise _wrong_parameter("must be true or false")
    if value == "true" and not signature.probabilities:
        raise _wrong_parameter("must be false: this model gives no probabilities")
    return value == "true"


def _wrong_parameter(detail: str) -> Problem:
    return Problem(422, f"the query parameter probabilities {detail}")
