"""Google Vertex AI: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements ."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json, to_json

from modelapi.protocols.translation import Asked, Given, Protocol, Route, Translation, refuse_in_text
from modelapi.serving.answers import JSON, Answer, Problem, json_answer
from modelapi.serving.options import Options

WARNINGS = "warnings"  # They stand in one list, each with a pointer to its record.


def make() -> Protocol:
    """Make the two paths of the platform, as it names them in the environment."""
    health = os.environ.get("AIP_HEALTH_ROUTE") or "/vertex/health"
    predict = os.environ.get("AIP_PREDICT_ROUTE") or "/vertex/predict"
    return Protocol.of({health: Route("/ready"), predict: Route("/predict", Translation(ask, refuse_in_text))})


def ask(given: Given) -> Asked:
    """Take {"instances": [records], "parameters": {"probabilities": true}}. Raises Problem."""
    given.media_type(JSON)
    body = given.json()
    if not isinstance(body, dict) or not isinstance(body.get("instances"), list):
        raise Problem(422, 'send an object with "instances", a list of records')
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict) or not all(isinstance(value, bool) for value in parameters.values()):
        raise Problem(422, f'"parameters" must be an object of {", ".join(Options._fields)}, each true or false')
    query = urlencode({name: str(parameters.get(name, False)).lower() for name in Options._fields})
    return Asked(say, to_json(body["instances"]), query=query)


def say(body: bytes) -> Answer:
    """Say a prediction for each instance."""
    return json_answer(answer(from_json(body)), is_data=True)


def answer(said: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Say a prediction for each instance or, where more was asked for, an object with all of it."""
    if said.keys() == {"prediction"}:
        return {"predictions": said["prediction"]}
    members = {name: entries for name, entries in said.items() if name != WARNINGS}
    found = [dict(zip(members, entries, strict=True)) for entries in zip(*members.values(), strict=True)]
    if WARNINGS in said:
        of_each: dict[int, list[Any]] = {place: [] for place in range(len(found))}
        for warning in said[WARNINGS]:
            _, place, *rest = warning["pointer"].split("/")
            of_each[int(place)].append({**warning, "pointer": "/".join(["", *rest])})
        found = [{**entry, WARNINGS: of_each[place]} for place, entry in enumerate(found)]
    return {"predictions": found}
