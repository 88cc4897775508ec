"""Refusals by which an agent can mend a call, also one that reads nothing but their members.

status, detail    as of POST /predict
errors            a pointer into the arguments, a detail and what to do there: action is "set" or "remove", and
                  feature names what is to be set
allowed           what each of these features may be, a JSON Schema
example           arguments that are taken
max_records       how many records a call may hold, where it holds more
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from modelapi.protocols.mcp.tools import Tool
from modelapi.records.faults import SEE_ERRORS, Complaint, FaultLog, listed
from modelapi.records.parser import MAX_FAULTS
from modelapi.serving import schemas
from modelapi.serving.answers import JSON, Answer, Problem
from modelapi.serving.predicting import describe


def refusal(tool: Tool, status: int, problem: Mapping[str, Any], place: str = "") -> Answer:
    """Say a problem.

    place : where in the arguments the pointers of its errors begin.
    """
    content: dict[str, Any] = {"status": status, "detail": problem["detail"]}
    if status == 413:
        content["max_records"] = tool.most
    features = {feature.name: feature for feature in tool.signature.features}
    if faults := problem.get("errors"):
        errors = [_mended({**fault, "pointer": place + fault["pointer"]}, features) for fault in faults]
        named = dict.fromkeys(error["feature"] for error in errors if "feature" in error)
        allowed = {name: schemas.value(features[name], tool.signature, tool.settings) for name in named}
        content |= {"errors": errors, "allowed": allowed, "example": tool.example}
    return Answer(to_json(content), JSON, status, is_data=True)


def _mended(error: dict[str, Any], features: Mapping[str, Any]) -> dict[str, Any]:
    """Add to an error how it is mended."""
    match [part.replace("~1", "/").replace("~0", "~") for part in error["pointer"].split("/")[1:]]:
        case ["records", _, name] if name in features:
            return {**error, "action": "set", "feature": name}
        case ["records"] | ["records", _]:
            return {**error, "action": "set"}
        case ["records", _, _] | [_]:
            return {**error, "action": "remove"}
    return error


def wrong_arguments(tool: Tool, arguments: Mapping[str, Any]) -> Problem | None:
    """Say what is wrong with arguments, save what is in the records."""
    log = FaultLog(MAX_FAULTS)
    options = tool.options
    unknown = Complaint(f"is no argument of this tool, which are: {listed(['records', *options])}")
    if not isinstance(arguments.get("records"), list):
        log.add(("records",), "must be a list of at least one record")
    for name, value in arguments.items():
        if name in options and not isinstance(value, bool):
            log.add((name,), "must be true or false")
        elif name != "records" and name not in options:
            log.add_unknown((), name, unknown)
    if not log.count:
        return None
    return Problem(422, f"the arguments do not fit the tool{SEE_ERRORS}", errors=map(describe, log.faults))
