"""Azure Machine Learning, as its inference server and its endpoints of MLflow models are asked.

https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models-online-endpoints
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from modelapi.protocols.rows import ask_records, each, read_options, to_records
from modelapi.protocols.translation import Asked, Given, Protocol, Route, Translation, faults
from modelapi.serving.answers import JSON, Answer, Problem
from modelapi.serving.negotiation import require_media_type

FORMATS = ("input_data", "data")  # As endpoints without a script take it, and as most scripts do.


def make() -> Protocol:
    """Make the one path of the inference server; its GET / is this API's own."""
    return Protocol.of({"/score": Route("/predict", Translation(ask, refuse))})


def ask(given: Given) -> Asked:
    """Take {"input_data": {"columns": …, "data": …}}, {"data": [rows]} or records. Raises Problem."""
    require_media_type(JSON, given.header("Content-Encoding"), (JSON,))  # The server does not look at the type.
    body = given.json(allow_nan=True)
    member = next((name for name in FORMATS if name in body), "") if isinstance(body, dict) else ""
    if isinstance(body, dict) and not member:
        raise Problem(422, 'send an object with "input_data" or "data", or a list of records')
    options = read_options(body.get("params"), "params") if member else ""
    records = to_records(body[member] if member else body, given, member or "data")
    return ask_records(given, records, options, each)


def refuse(status: int, problem: Mapping[str, Any]) -> Answer:
    """Refuse with {"message": "…"}."""
    return Answer(to_json({"message": faults(problem)}), JSON, status, is_data=True)
