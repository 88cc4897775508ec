"""POST /predict: records in, one prediction per record out."""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, TypeAlias

from modelapi import engines, explanation, outputs
from modelapi.records.columns import Columns, n_rows
from modelapi.records.faults import Fault, FaultLog, InvalidRecords, RecordsError, TooManyRecords
from modelapi.records.parser import MAX_FAULTS, is_one
from modelapi.records.tables import BATCH_ROWS
from modelapi.serving.answers import ARROW, CSV, JSON, NDJSON, PARQUET, Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.explaining import check_number, explain
from modelapi.serving.negotiation import choose_media_type, require_media_type
from modelapi.serving.options import Options
from modelapi.serving.prediction import Prediction
from modelapi.serving.service import ServedModel
from modelapi.serving.tracing import tracing
from modelapi.shapley import Explanation

COLUMNAR = (ARROW, PARQUET) if find_spec("pyarrow") else ()
TABLES = (CSV, NDJSON, *COLUMNAR)
MEDIA_TYPES = (JSON, *TABLES)
LARGE_BODY = 65_536  # Bytes of JSON; predicting more than this takes milliseconds.
LARGE_LIST = 500  # Records that do.


Chunks: TypeAlias = Iterable[bytes] | AsyncIterable[bytes]
Given: TypeAlias = "Records | Sequence[Mapping[str, Any]]"


class Records:
    """The records of a request: JSON, parsed when it is first looked at, or a table, read while it is predicted."""

    def __init__(
        self,
        exchange: Exchange,
        media_type: str,
        *,
        answer_type: str = "",
        body: bytes = b"",
        chunks: Chunks = (),
        receive: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self.media_type = media_type
        self.answer_type = answer_type or media_type
        """Of the answer to a table."""
        self.body = body
        self.chunks = chunks
        """Of the body of a table."""
        self.receive = receive
        """Tells when the client leaves, if the server does."""
        self._exchange = exchange
        self._parsed: list[dict[str, Any]] | None = None
        self._model: ServedModel | None = None  # By which they were parsed.

    @property
    def is_parsed(self) -> bool:
        """Tell whether the records were looked at already."""
        return self._parsed is not None

    @property
    def is_table(self) -> bool:
        """Tell whether the client sent no JSON, but a table."""
        return self.media_type != JSON

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go through the records, to look at them or to change them before they are predicted.

        Raises Problem, also for a table, whose rows are read while they are predicted.
        """
        if self.is_table:
            raise Problem(415, f"this path takes {JSON} alone", headers={"Accept": JSON})
        return iter(self.parse(self._exchange.model or self._exchange.require_model()))

    def parse(self, model: ServedModel) -> list[dict[str, Any]]:
        """Validate the records, once for each model. Raises Problem."""
        if self._parsed is None or self._model is not model:
            try:
                with tracing.span("parse"):
                    self._parsed = model.parser.read_json(self.body)
            except RecordsError as error:
                raise refused(model, error) from None
            self._model = model
            self._exchange.rows = len(self._parsed)
        return self._parsed


def parse(exchange: Exchange, model: ServedModel, records: Given) -> list[dict[str, Any]]:
    """Validate the records of a request, or those that the owner made. Raises Problem."""
    if isinstance(records, Records):
        return records.parse(model)
    try:
        with tracing.span("parse"):
            parsed = model.parser.read_values([dict(record) for record in records])
    except RecordsError as error:
        raise refused(model, error) from None
    exchange.rows += len(parsed)
    return parsed


def is_large(records: Given, options: Options) -> bool:
    """Tell whether to predict these takes milliseconds, in which others should be served."""
    if options.explain:
        return True
    return len(records.body) > LARGE_BODY if isinstance(records, Records) else len(records) > LARGE_LIST


@lru_cache(maxsize=64)  # Most clients send the same few; what is refused is not kept.
def negotiate(content_type: str | None, content_encoding: str | None, accept: str | None) -> tuple[str, str]:
    """Return the media type of the body, and of the answer: of a table, any that a table has. Raises Problem."""
    media_type = require_media_type(content_type, content_encoding, MEDIA_TYPES)
    offers = [media_type] if media_type == JSON else sorted(TABLES, key=media_type.__ne__)
    return media_type, choose_media_type(accept, offers)


def predict_alone(exchange: Exchange, model: ServedModel, records: Given, options: Options) -> Prediction:
    """Predict many records in this thread, batch by batch, as a table is. Raises Problem."""
    with exchange.service.large:
        exchange.require_client()
        answer = Prediction(prediction=[])
        log = FaultLog(MAX_FAULTS)
        start = 0
        batches = read_columns(exchange, model, records)
        if options.explain:
            check_number(exchange, sum(map(n_rows, batches)))
        for columns in batches:
            try:
                prediction = model.predict_rows(columns, options.wanted, start)
                if not log.count:
                    explained = explain(exchange, model, columns, prediction, start) if options.explain else None
                    answer.extend(as_asked(model, records, prediction, options, columns, start, explained))
            except InvalidRecords as error:
                log.extend(error)
            start += n_rows(columns)
        if log.count:
            raise refusal_of(records, InvalidRecords(log.faults, log.count))
        if answer.warnings:
            del answer.warnings[MAX_FAULTS:]
        return answer


def read_columns(exchange: Exchange, model: ServedModel, records: Given) -> list[Columns]:
    """Validate the records, and make columns of up to BATCH_ROWS each. Raises Problem."""
    parser = model.parser
    if isinstance(records, Records) and not records.is_parsed:
        try:
            with tracing.span("parse"):
                batches = [parser.columns(batch) for batch in parser.read_batches(records.body)]
        except RecordsError as error:
            raise refused(model, error) from None
        exchange.rows = sum(map(n_rows, batches))
        return batches
    parsed = parse(exchange, model, records)
    return [parser.columns(parsed[start : start + BATCH_ROWS]) for start in range(0, len(parsed), BATCH_ROWS)]


def as_asked(
    model: ServedModel,
    records: Given,
    prediction: engines.Prediction,
    options: Options,
    columns: Columns,
    start: int = 0,
    explained: Sequence[Explanation] | None = None,
) -> Prediction:
    """Say what was predicted, with what else the client asks for.

    columns : of the records, for warnings; start : the number of the first of them in the request; explained :
    how they are.
    """
    signature = model.signature
    members = outputs.members(prediction, signature, options.wanted)
    if explained is not None:
        members["explanation"] = explanation.explanations(explained, signature)
    if options.warnings:
        one = isinstance(records, Records) and is_one(records.body)
        found = outputs.warnings(columns, signature, start)[:MAX_FAULTS]
        members["warnings"] = [describe(fault.of_its_row() if one else fault) for fault in found]
    return Prediction(**members)


def refusal_of(records: Given, error: InvalidRecords) -> Problem:
    """Say which records cannot be predicted in a Problem."""
    if isinstance(records, Records) and is_one(records.body):
        error = InvalidRecords([fault.of_its_row() for fault in error.faults])
    return refusal(error)


def refused(model: ServedModel, error: RecordsError) -> Problem:
    """Count which features the records are refused for, and say what is wrong with them in a Problem."""
    if model.watch and isinstance(error, InvalidRecords):
        model.watch.count_refused(error.faults)
    return refusal(error)


def refusal(error: RecordsError) -> Problem:
    """Say what is wrong with records in a Problem."""
    if isinstance(error, InvalidRecords):
        return Problem(422, str(error), errors=map(describe, error.faults))
    return Problem(413 if isinstance(error, TooManyRecords) else 400, str(error))


def describe(fault: Fault) -> dict[str, str]:
    """Write a fault as a member of `errors` or `warnings`."""
    return {"pointer": fault.pointer, "detail": fault.detail}
