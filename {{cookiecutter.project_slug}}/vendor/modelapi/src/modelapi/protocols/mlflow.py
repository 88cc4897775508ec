"""The scoring server of MLflow 3: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally ."""

import csv
import re
from collections.abc import Mapping
from functools import partial
from io import StringIO
from typing import Any

from pydantic_core import from_json, to_json

from modelapi.protocols.rows import ask_records, from_rows, from_split, predictions, read_options, to_records
from modelapi.protocols.translation import (
    Asked,
    Given,
    Names,
    Protocol,
    Route,
    Translation,
    faults,
    path_of,
    refuse_path,
)
from modelapi.serving.answers import CSV, JSON, TEXT, Answer, Problem, json_answer
from modelapi.signature import Signature, Target

VERSION = "3.17.2"  # Of the MLflow that takes and answers the same.
ENDPOINTS = "/endpoints/"  # Of which MLflow's client of deployments asks for one by its name.
NAMED = re.compile(rf"{ENDPOINTS}([^/]+)/invocations")
READ = {"dataframe_split": from_split, "dataframe_records": from_rows, "instances": to_records, "inputs": to_records}
FORMATS = " or ".join(f'"{name}"' for name in READ)
CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""All other refusals are a BAD_REQUEST."""


def make() -> Protocol:
    """Make the paths of the protocol; /health is this API's own."""
    return Protocol(("/ping", "/version", "/invocations", ENDPOINTS), find)


def find(path: str, names: Names) -> Route | None:
    """Find what is asked, of the first model, or by the name of one."""
    if path == "/ping":
        return Route("/ready")
    if path == "/version":
        version = Asked(lambda _: Answer(VERSION.encode(), TEXT))
        return Route("/health", Translation(lambda _: version, refuse, "GET"))
    match = NAMED.fullmatch(path)
    name = names.get(match[1]) if match else None
    if path == "/invocations" or name is not None:
        return Route(path_of(name or "", "predict"), Translation(ask, refuse), name or "")
    return refuse_path(path, refuse, "no model of this name is served here") if match else None


def refuse(status: int, problem: Mapping[str, Any]) -> Answer:
    """Refuse as an MlflowException; it has no 422."""
    status = 400 if status == 422 else status
    content = {"error_code": CODES.get(status, "BAD_REQUEST"), "message": faults(problem)}
    return Answer(to_json(content), JSON, status, is_data=True)


def ask(given: Given) -> Asked:
    """Take CSV, or JSON in one of four formats, with "params" as {"probabilities": true}. Raises Problem."""
    if given.media_type(JSON, CSV) == CSV:
        return Asked(partial(say_table, given.signature), given.body, CSV)
    body = given.json(allow_nan=True)
    formats = READ.keys() & body.keys() if isinstance(body, dict) else set()
    if len(formats) != 1:
        raise Problem(422, f"send an object with {FORMATS}, with one of them")
    (name,) = formats
    return ask_records(
        given, READ[name](body[name], given, name), read_options(body.get("params"), "params"), predictions
    )


def say_table(signature: Signature, body: bytes) -> Answer:
    """Say the predictions of a table in CSV, which are labels again."""
    rows = csv.DictReader(StringIO(body.decode(), newline=""))
    if not signature.target.outputs:
        return json_answer({"predictions": [_label(row["prediction"], signature.target) for row in rows]}, is_data=True)
    columns = {target.name: target for target in signature.targets}
    found = [{name: _label(row[f"prediction_{name}"], target) for name, target in columns.items()} for row in rows]
    return json_answer({"predictions": found}, is_data=True)


def _label(cell: str, target: Target) -> Any:
    """Read a label or a number that the API has written into a table."""
    if target.type in ("number", "integer"):
        return from_json(cell)
    return cell == "True" if target.type == "boolean" else cell
