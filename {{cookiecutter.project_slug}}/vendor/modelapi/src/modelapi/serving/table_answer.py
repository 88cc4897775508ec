"""POST /predict with a table, CSV or NDJSON, of any length: read, predicted and answered in batches."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from pydantic_core import to_json

from modelapi import explanation, outputs
from modelapi.engines import Prediction
from modelapi.records.cells import CellParser
from modelapi.records.columns import Columns
from modelapi.records.faults import Fault, FaultLog, InvalidRecords, RecordsError
from modelapi.records.parser import MAX_FAULTS
from modelapi.records.tables import Chunks, CsvRows, JsonLines
from modelapi.serving.answers import CSV, Answer, Problem, Stream
from modelapi.serving.exchange import Exchange
from modelapi.serving.explaining import check_number, explain
from modelapi.serving.logs import get_logger
from modelapi.serving.options import Options
from modelapi.serving.predicting import describe, refused
from modelapi.serving.prediction import TablePrediction
from modelapi.serving.service import ServedModel
from modelapi.serving.tracing import tracing
from modelapi.shapley import Explanation

log = get_logger()

Parse = Callable[[list[Any], int], Columns]
Explained = list[Explanation] | None

MAX_IN_MEMORY = 1_000_000  # Bytes of an answer; more than this is kept in a temporary file.


def predict_table(
    exchange: Exchange, model: ServedModel, media_type: str, chunks: Iterable[bytes], options: Options
) -> TablePrediction:
    """Predict each row of a table, whose bytes come in chunks, into an answer of up to MAX_TABLE_BYTES. Raises Problem.

    The answer begins when the whole table is read: only then is it known that no row is wrong, and many
    clients do not read before they have written all.
    """
    limit = exchange.service.settings.max_table_bytes
    with ExitStack() as stack:
        answer = SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115 (the stack closes it)
        stack.callback(_discard, answer)
        try:
            kind = CsvTable if media_type == CSV else JsonTable
            table = kind(io.BufferedReader(Chunks(chunks)), model, options)
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
                            rows = table.write(columns, prediction, explained)
                            with _room():
                                answer.write(rows)
                    except InvalidRecords as error:
                        faults.extend(error)
                exchange.rows += len(batch)
                if answer.tell() > limit:
                    raise Problem(413, f"the answer would hold more than {limit} bytes: send fewer rows at a time")
            if faults.count:
                raise InvalidRecords([fault.of_a_table() for fault in faults.faults], faults.count)
            if not exchange.rows:
                raise InvalidRecords([Fault((), "must hold at least one row")])
        except RecordsError as error:
            raise refused(model, error) from None
        with _room():
            body = Stream(answer)
        stack.pop_all()  # The file stays open until the answer is sent.
        return TablePrediction(Answer(body, media_type, is_data=True))


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


class CsvTable:
    """A CSV file with a header line, in and out."""

    def __init__(self, file: IO[bytes], model: ServedModel, options: Options) -> None:
        rows = CsvRows(file)
        self.batches: Iterable[list[Any]] = rows
        self._signature = model.signature
        self._options = options
        self.parse: Parse = CellParser(
            self._signature.features,
            rows.header,
            unknown_categories=model.parser.unknown_categories,
            unknown_fields=model.parser.unknown_fields,
            max_faults=model.parser.max_faults,
        ).parse
        self._header_is_written = False

    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write a row for each prediction, at first under a header line."""
        table: dict[str, list[Any]] = {**outputs.table(prediction, self._signature, self._options.wanted)}
        if explained is not None:
            table |= explanation.table(explained, self._signature)
        if self._options.warnings:
            noted = _by_row(outputs.warnings(columns, self._signature), len(prediction.labels[0]))
            table["warnings"] = ["; ".join(f"{fault.location[-1]} {fault.detail}" for fault in row) for row in noted]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._header_is_written:
            writer.writerow(table)
            self._header_is_written = True
        writer.writerows(zip(*table.values(), strict=True))
        return text.getvalue().encode()


class JsonTable:
    """A JSON object a line, in and out."""

    def __init__(self, file: IO[bytes], model: ServedModel, options: Options) -> None:
        self.batches: Iterable[list[Any]] = JsonLines(file)
        self.parse: Parse = model.parser.parse_lines
        self._signature = model.signature
        self._options = options

    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write an object for each prediction, with the members that an answer in JSON has."""
        members = outputs.members(prediction, self._signature, self._options.wanted)
        if explained is not None:
            members["explanation"] = explanation.explanations(explained, self._signature)
        if self._options.warnings:
            noted = _by_row(outputs.warnings(columns, self._signature), len(prediction.labels[0]))
            members["warnings"] = [[describe(fault.of_its_row()) for fault in row] for row in noted]
        rows = zip(*members.values(), strict=True)
        return b"".join(to_json(dict(zip(members, row, strict=True)), inf_nan_mode="null") + b"\n" for row in rows)


def _by_row(faults: list[Fault], n_rows: int) -> list[list[Fault]]:
    found = {row: list(group) for row, group in groupby(faults, key=lambda fault: fault.location[0])}
    return [found.get(row, []) for row in range(n_rows)]
