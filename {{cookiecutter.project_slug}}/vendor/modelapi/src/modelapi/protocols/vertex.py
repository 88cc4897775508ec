"""Google Vertex AI: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements ."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from modelapi.protocols import Route, Translation
from modelapi.serving.answers import Problem
from modelapi.serving.options import Options

WARNINGS = "warnings"  # They stand in one list, each with a pointer to its record.


def routes() -> list[Route]:
    """List the two paths of the platform, as it names them in the environment."""
    return [
        Route(os.environ.get("AIP_HEALTH_ROUTE") or "/vertex/health", "/ready"),
        Route(os.environ.get("AIP_PREDICT_ROUTE") or "/vertex/predict", "/predict", Translation(ask, answer, refuse)),
    ]


def ask(body: Any) -> tuple[str, Any]:
    """Take {"instances": [records], "parameters": {"probabilities": true}}. Raises a 422 Problem."""
    if not isinstance(body, dict) or not isinstance(body.get("instances"), list):
        raise Problem(422, 'send an object with "instances", a list of records')
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict) or not all(isinstance(value, bool) for value in parameters.values()):
        raise Problem(422, f'"parameters" must be an object of {", ".join(Options._fields)}, each true or false')
    return urlencode({name: str(parameters.get(name, False)).lower() for name in Options._fields}), body["instances"]


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


def refuse(problem: Mapping[str, Any]) -> dict[str, str]:
    """Say in one text what is wrong, with each fault and where it is."""
    faults = [f"{fault['pointer']}: {fault['detail']}" for fault in problem.get("errors", ())]
    return {"error": "; ".join([problem["detail"], *faults])}
