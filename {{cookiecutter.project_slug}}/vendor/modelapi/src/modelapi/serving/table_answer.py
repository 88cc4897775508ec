"""POST /predict with a table of any length: read, predicted and answered in batches."""

import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from modelapi.records.faults import Fault, FaultLog, InvalidRecords, RecordsError
from modelapi.records.parser import MAX_FAULTS
from modelapi.records.tables import Chunks
from modelapi.serving import text_answer
from modelapi.serving.answers import PARQUET, Answer, Problem, Stream
from modelapi.serving.exchange import Exchange
from modelapi.serving.explaining import check_number, explain
from modelapi.serving.logs import get_logger
from modelapi.serving.options import Options
from modelapi.serving.predicting import COLUMNAR, Records, refused
from modelapi.serving.prediction import TablePrediction
from modelapi.serving.service import ServedModel
from modelapi.serving.tables import Kind
from modelapi.serving.tracing import tracing
from modelapi.signature import Signature

log = get_logger()

MAX_IN_MEMORY = 1_000_000  # Bytes of an answer; more than this is kept in a temporary file.


def predict_table(
    exchange: Exchange, model: ServedModel, records: Records, chunks: Iterable[bytes], options: Options
) -> TablePrediction:
    """Predict each row of a table, whose bytes come in chunks, into an answer of up to MAX_TABLE_BYTES. Raises Problem.

    The answer begins when the whole table is read: only then is it known that no row is wrong, and many
    clients do not read before they have written all.
    """
    limit = exchange.service.settings.max_table_bytes
    with _opened(records.media_type, chunks, model.signature) as source, ExitStack() as stack:
        answer = SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115 (the stack closes it)
        stack.callback(_discard, answer)
        try:
            table = _kinds(records.media_type).reader(source, model)
            writer = _kinds(records.answer_type).writer(model, options)
            faults = FaultLog(MAX_FAULTS)
            for batch in table.batches:
                exchange.require_client()
                if options.explain:
                    check_number(exchange, exchange.rows + len(batch))
                with exchange.service.large:  # Not while waiting for the client.
                    try:
                        with tracing.span("parse", rows=len(batch)):
                            columns = table.parse(batch, exchange.rows)
                        if not faults.count:
                            prediction = model.predict_rows(columns, options.wanted, exchange.rows)
                            explained = None
                            if options.explain:
                                explained = explain(exchange, model, columns, prediction, exchange.rows)
                            _write(answer, writer.write(columns, prediction, explained), limit)
                    except InvalidRecords as error:
                        faults.extend(error)
                exchange.rows += len(batch)
            if faults.count:
                raise InvalidRecords([fault.of_a_table() for fault in faults.faults], faults.count)
            if not exchange.rows:
                raise InvalidRecords([Fault((), "must hold at least one row")])
            _write(answer, writer.end(), limit)
        except RecordsError as error:
            raise refused(model, error) from None
        with _room():
            body = Stream(answer)
        stack.pop_all()  # The file stays open until the answer is sent.
        return TablePrediction(Answer(body, records.answer_type, is_data=True))


def _kinds(media_type: str) -> Kind:
    if media_type in COLUMNAR:
        from modelapi.serving import columnar_answer  # Which needs pyarrow.

        return columnar_answer.KINDS[media_type]
    return text_answer.KINDS[media_type]


@contextmanager
def _opened(media_type: str, chunks: Iterable[bytes], signature: Signature) -> Iterator[Any]:
    """Open a table: Parquet, of which the end is read first, when all of it is there."""
    if media_type != PARQUET:
        yield io.BufferedReader(Chunks(chunks))
        return
    from modelapi.records.parquet_process import NoRoomError, ParquetProcess  # Which need pyarrow.

    with closing(ParquetProcess.take()) as process:
        with _room():
            process.ask([feature.name for feature in signature.features])
        for chunk in chunks:
            with _room():
                process.input.write(chunk)
        with _room():
            process.input.close()
        try:
            yield process
        except NoRoomError as error:
            with _room():
                raise error


def _write(answer: IO[bytes], part: bytes, limit: int) -> None:
    """Keep a part of the answer. Raises a 413 Problem if it is too long, or 503 if there is no room."""
    with _room():
        answer.write(part)
    if answer.tell() > limit:
        raise Problem(413, f"the answer would hold more than {limit} bytes: send fewer rows at a time")


@contextmanager
def _room() -> Iterator[None]:
    """Raise a 503 Problem if a long answer cannot be kept."""
    try:
        yield
    except OSError as error:
        log.error("no room for a long answer: let TMPDIR name a folder with room", reason=error.strerror)
        detail = "there is no room for so long an answer: send fewer rows at a time, or try again later"
        raise Problem(503, detail, headers={"Retry-After": "5"}) from None


def _discard(file: IO[bytes]) -> None:
    with suppress(OSError):  # It would write what is left first.
        file.close()
