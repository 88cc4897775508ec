"""Amazon SageMaker: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html ."""

import csv
import re
from collections.abc import Mapping
from functools import partial
from io import StringIO
from typing import Any
from urllib.parse import parse_qs

from pydantic_core import from_json, to_json

from modelapi.protocols.rows import ask_records, from_rows, predictions
from modelapi.protocols.translation import RETRY_AFTER, Asked, Given, Protocol, Renamed, Route, Translation
from modelapi.records.faults import listed
from modelapi.serving.answers import ARROW, CSV, JSON, NDJSON, PARQUET, PROBLEM, Answer, Problem, json_answer
from modelapi.serving.negotiation import choose_media_type
from modelapi.serving.options import Options
from modelapi.serving.predicting import COLUMNAR
from modelapi.signature import Signature

LINES = "application/jsonlines"
NAMED = {JSON: JSON, CSV: CSV, LINES: NDJSON, NDJSON: NDJSON}
if COLUMNAR:
    NAMED |= {"application/x-parquet": PARQUET, PARQUET: PARQUET, ARROW: ARROW}
VALUES = re.compile(rb'^[ \t]*\[|"features"', re.MULTILINE)  # Of lines that may have values without their names.
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"  # All that a client of the platform can send beside a body.


def make() -> Protocol:
    """Make the two paths of the platform."""
    invoke = Translation(ask, refuse, rename=rename)
    return Protocol.of({"/ping": Route("/ready"), "/invocations": Route("/predict", invoke)})


def rename(given: Given) -> Renamed | None:
    """Name the types of tables that are as this API has them.

    The platform's CSV has no header line, and its JSON lines may be lists.
    """
    body, answer = _types(given)
    if body == LINES or {NAMED[body], NAMED[answer]} & {JSON, CSV}:
        return None
    return Renamed(NAMED[body], NAMED[answer], answer, _query(given))


def ask(given: Given) -> Asked:
    """Take JSON as POST /predict does or {"instances": …}, CSV without a header line, or a table. Raises Problem.

    Of JSON and JSON lines, a record may be a list of values in the order of the signature, or {"features": […]}.
    """
    body, answer = _types(given)
    query, content, kind = _query(given), given.body, NAMED[body]
    if kind == JSON:
        found = given.json()
        is_named = isinstance(found, dict) and found.keys() == {"instances"}
        rows = found["instances"] if is_named else found if isinstance(found, list) else [found]
        if answer == JSON and not is_named and not any(map(has_no_names, rows)):
            return Asked(lambda said: Answer(said, JSON, is_data=True), content, query=query)
        records = name_values(rows, given, "instances" if is_named else "")
        if answer == JSON:
            return ask_records(given, records, query, predictions if is_named else dict)
        content, kind = to_lines(records), NDJSON
    elif kind == CSV:
        content = with_header(content, given.signature)
    elif body == LINES and VALUES.search(content):
        content = to_lines(name_values(read_lines(given), given, ""))
    asked_for = NDJSON if answer == JSON else NAMED[answer]
    return Asked(partial(say, answer), content, kind, asked_for, query)


def say(answer: str, body: bytes) -> Answer:
    """Say what a table was answered, in the form that was asked for."""
    if answer == JSON:
        return json_answer(from_lines(body), is_data=True)
    return Answer(without_header(body) if answer == CSV else body, answer, is_data=True)


def refuse(status: int, problem: Mapping[str, Any]) -> Answer:
    """Refuse as this API does."""
    return Answer(to_json(problem, exclude={RETRY_AFTER}), PROBLEM, status)


def has_no_names(row: object) -> bool:
    """Tell whether a row has its values alone, as the platform's own algorithms take them."""
    return isinstance(row, list) or (
        isinstance(row, dict) and row.keys() == {"features"} and isinstance(row["features"], list)
    )


def name_values(rows: object, given: Given, member: str) -> list[Any]:
    """Make records of rows. Raises Problem."""
    if isinstance(rows, list):
        rows = [row["features"] if isinstance(row, dict) and has_no_names(row) else row for row in rows]
    return from_rows(rows, given, member)


def read_lines(given: Given) -> list[Any]:
    """Read JSON lines. Raises a 400 or 413 Problem."""
    lines = [line for line in given.body.splitlines() if line.strip()]
    rows: list[Any] = given.json(b"[%b]" % b",".join(lines))
    if len(rows) != len(lines):
        raise Problem(400, "each line of the body must be one record in JSON")
    return rows


def to_lines(records: list[Any]) -> bytes:
    """Write JSON lines."""
    return b"\n".join(map(to_json, records))


def with_header(table: bytes, signature: Signature) -> bytes:
    """Put the names of the features above a table in CSV, unless they are there. Raises a 400 Problem."""
    names = [feature.name for feature in signature.features]
    try:
        first = next(filter(None, csv.reader(StringIO(table.decode("utf-8-sig"), newline=""), strict=True)), [])
    except (UnicodeDecodeError, csv.Error):
        return table  # Which is refused by what reads it.
    if not first:
        raise Problem(400, f"the table is empty: send a row with a cell for each of {listed(names)}")
    if 2 * len({cell.strip() for cell in first} & {*names}) >= len(first):
        return table
    if len(first) != len(names):
        detail = f"row 1 has {len(first)} cells: without a header line a row has one for each of {listed(names)}"
        raise Problem(400, detail)
    header = StringIO()
    csv.writer(header, lineterminator="\n").writerow(names)
    return header.getvalue().encode() + table.removeprefix(b"\xef\xbb\xbf")


def without_header(table: bytes) -> bytes:
    """Take the header line off a table in CSV; the name of a label may hold line ends."""
    end = table.index(b"\n")
    while table.count(b'"', 0, end) % 2:
        end = table.index(b"\n", end + 1)
    return table[end + 1 :]


def from_lines(lines: bytes) -> dict[str, list[Any]]:
    """Make of an object for each record what POST /predict answers in JSON."""
    rows = [from_json(line) for line in lines.splitlines()]
    members = {name: [row[name] for row in rows] for name in rows[0]}
    if "warnings" in members:
        members["warnings"] = [
            {**warning, "pointer": f"/{place}{warning['pointer']}"}
            for place, of_row in enumerate(members["warnings"])
            for warning in of_row
        ]
    return members


def _types(given: Given) -> tuple[str, str]:
    """Return the media types of the body and of the answer, as the platform calls them. Raises Problem."""
    body = given.media_type(*NAMED)
    accept = given.header("X-Amzn-SageMaker-Accept") or given.header("Accept") or "*/*"
    return body, choose_media_type(accept, sorted(NAMED, key=body.__ne__))


def _query(given: Given) -> str:
    """Return the query or, of the attributes, those that are options: probabilities=true&warnings=true."""
    if given.query:
        return given.query
    found = parse_qs(given.header(ATTRIBUTES))
    return "&".join(f"{name}=true" for name in Options._fields if found.get(name) == ["true"])
