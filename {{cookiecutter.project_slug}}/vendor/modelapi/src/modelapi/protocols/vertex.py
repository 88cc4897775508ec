"""Google Vertex AI: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements ."""

import os

from modelapi.protocols.rows import ask_records, from_rows, predictions, read_options
from modelapi.protocols.translation import Asked, Given, Protocol, Route, Translation, refuse_in_text
from modelapi.serving.answers import JSON, Problem


def make() -> Protocol:
    """Make the two paths of the platform, as it names them in the environment."""
    health = _path("AIP_HEALTH_ROUTE", "/vertex/health")
    predict = _path("AIP_PREDICT_ROUTE", "/vertex/predict")
    return Protocol.of({health: Route("/ready"), predict: Route("/predict", Translation(ask, refuse_in_text))})


def _path(name: str, default: str) -> str:
    """Read a path from the environment, also one without its first slash."""
    return "/" + (os.environ.get(name) or default).removeprefix("/")


def ask(given: Given) -> Asked:
    """Take {"instances": [records], "parameters": {"probabilities": true}}. Raises Problem."""
    given.media_type(JSON)
    body = given.json()
    if not isinstance(body, dict) or not isinstance(body.get("instances"), list):
        raise Problem(422, 'send an object with "instances", a list of records')
    query = read_options(body.get("parameters"), "parameters")
    return ask_records(given, from_rows(body["instances"], given, "instances"), query, predictions)
