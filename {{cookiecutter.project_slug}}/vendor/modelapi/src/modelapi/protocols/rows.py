"""What protocols of tables share: records in the shapes in which they are sent, and a prediction for each of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json, to_json

from modelapi.protocols.translation import Asked, Given
from modelapi.records.faults import listed, too_many
from modelapi.records.parser import MAX_FAULTS
from modelapi.serving.answers import Problem, body_too_large, json_answer
from modelapi.serving.options import Options
from modelapi.serving.predicting import refusal

Said = Mapping[str, list[Any]]
"""What POST /predict answers: lists of one entry a record."""

WARNINGS = "warnings"  # They stand in one list, each with a pointer to its record.


def ask_records(given: Given, records: Sequence[Any], query: str, say: Callable[[Said], object]) -> Asked:
    """Ask for predictions of records, and say the answer in another shape."""
    if b"NaN" in given.body:
        records = [_with_gaps(record) for record in records]
    return Asked(lambda body: json_answer(say(from_json(body)), is_data=True), to_json(records), query=query)


def read_options(options: object, member: str) -> str:
    """Read what is wanted besides the predictions, as a query of POST /predict. Raises a 422 Problem."""
    wanted = {} if options is None else options
    if not isinstance(wanted, dict) or not all(
        name in Options._fields and isinstance(value, bool) for name, value in wanted.items()
    ):
        raise Problem(422, f'"{member}" must be an object of {", ".join(Options._fields)}, each true or false')
    return urlencode({name: "true" for name, value in wanted.items() if value})


def to_records(table: object, given: Given, member: str) -> list[Any]:
    """Take a table in any shape: {"columns": …, "data": …}, a list for each column, or rows. Raises a 422 Problem."""
    if not isinstance(table, dict):
        return from_rows(table, given, member)
    return from_split(table, given, member) if "data" in table else from_columns(table, given, member)


def from_rows(rows: object, given: Given, member: str) -> list[Any]:
    """Take objects, or lists of values in the order of the signature. Raises a 422 Problem."""
    names = [feature.name for feature in given.signature.features]
    return _name_values(rows, given, names, listed(names), member)


def from_split(split: Mapping[str, Any], given: Given, member: str) -> list[Any]:
    """Take {"columns": [names], "index": […], "data": [lists of values]}; without names, those of the signature."""
    names = split.get("columns")
    if split.keys() - {"columns", "index", "data"} or "data" not in split:
        raise Problem(422, f'"{member}" must be an object of "columns", "index" and "data"')
    if names is None:
        return from_rows(split["data"], given, f"{member}/data")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise Problem(422, f'the "columns" of "{member}" must be a list of different names')
    return _name_values(split["data"], given, names, "one for each column", f"{member}/data")


def from_columns(columns: Mapping[str, Any], given: Given, member: str) -> list[Any]:
    """Take a list for each column, all of one length, or a single record. Raises a 413 or 422 Problem."""
    are_lists = {isinstance(values, list) for values in columns.values()}
    if True not in are_lists:
        return [columns]
    if False in are_lists or len({len(values) for values in columns.values()}) > 1:
        raise Problem(422, f'"{member}" must have a list for each column, all of one length')
    require_room(given, columns, len(next(iter(columns.values()))))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def each(said: Said) -> list[Any]:
    """Say a prediction for each record or, where more was asked for, an object with all of it."""
    if said.keys() == {"prediction"}:
        return said["prediction"]
    members = {name: entries for name, entries in said.items() if name != WARNINGS}
    found = [dict(zip(members, entries, strict=True)) for entries in zip(*members.values(), strict=True)]
    if WARNINGS in said:
        of_each: dict[int, list[Any]] = {place: [] for place in range(len(found))}
        for warning in said[WARNINGS]:
            _, place, *rest = warning["pointer"].split("/")
            of_each[int(place)].append({**warning, "pointer": "/".join(["", *rest])})
        found = [{**entry, WARNINGS: of_each[place]} for place, entry in enumerate(found)]
    return found


def predictions(said: Said) -> dict[str, list[Any]]:
    """Say {"predictions": …}."""
    return {"predictions": each(said)}


def _name_values(rows: object, given: Given, names: Sequence[str], told: str, member: str) -> list[Any]:
    """Make records of lists of values; what is neither list nor value of an only column is left as it is."""
    where = f'"{member}"' if member else "the body"
    if not isinstance(rows, list):
        raise Problem(422, f"{where} must be a list of records, or of lists of values")
    require_room(given, names, sum(isinstance(row, list) for row in rows))
    wanted = f"must be a record, or a list of {len(names)} values: {told}"
    wrong = (place for place, row in enumerate(rows) if isinstance(row, list) and len(row) != len(names))
    if faults := [{"pointer": f"/{place}", "detail": wanted} for place in islice(wrong, MAX_FAULTS)]:
        raise Problem(422, f"there are wrong lists of values in {where}", errors=faults)
    if len(names) == 1:
        rows = [row if isinstance(row, list | dict) else [row] for row in rows]
    return [dict(zip(names, row, strict=True)) if isinstance(row, list) else row for row in rows]


def require_room(given: Given, names: Iterable[str], n_rows: int) -> None:
    """Raise a 413 Problem for what is too many records, or too long once each has all names."""
    settings = given.exchange.service.settings
    if n_rows > settings.max_rows:
        raise refusal(too_many(settings.max_rows))
    if n_rows * sum(len(name) for name in names) > settings.max_body_bytes:
        raise body_too_large(settings.max_body_bytes)


def _with_gaps(record: Any) -> Any:
    if not isinstance(record, dict):
        return record
    return {name: None if value != value else value for name, value in record.items()}
