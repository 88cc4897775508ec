"""Refusals by which an agent can mend a call, also one that reads nothing but their members.

status, detail    as of POST /predict
errors            a pointer into the arguments, a detail and what to do there, the action:
                  "set"     to what is allowed for the feature or, where none is named, to what the example has there
                  "rename"  to the feature: a name that is nearly the feature's
                  "remove"  what has no place there
                  "wrap"    into a list: a record in place of a list of records
allowed           what each feature that is to be set may be, a JSON Schema
example           arguments that are taken
max_records       how many records a call may hold, where it holds more
retry_after       in how many seconds to call again, where the rate or the load is too high
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import to_json

from modelapi.protocols.mcp.tools import Tool
from modelapi.protocols.translation import RETRY_AFTER
from modelapi.records.faults import (
    MAX_LABEL,
    SEE_ERRORS,
    Complaint,
    Fault,
    FaultLog,
    InvalidRecords,
    RecordsError,
    listed,
)
from modelapi.records.parser import MAX_FAULTS
from modelapi.serving import schemas
from modelapi.serving.answers import JSON, Answer, Problem
from modelapi.serving.predicting import describe

MAX_GUESSED = 10  # Names, for each of which all features are compared.
NO_LIST = "must be a list of at least one record"
WRAP = f"{NO_LIST}, not a record itself"

Renames = Mapping[str, str]
"""The features that misspelt names in records mean, by the pointers of these."""


def refusal(
    tool: Tool, status: int, problem: Mapping[str, Any], *, renames: Renames | None = None, place: str = ""
) -> Answer:
    """Say a problem.

    place : where in the arguments the pointers of its errors begin.
    """
    content: dict[str, Any] = {"status": status, "detail": problem["detail"]}
    if status == 413:
        content["max_records"] = tool.most
    if RETRY_AFTER in problem:
        content[RETRY_AFTER] = problem[RETRY_AFTER]
    renames = renames or {}
    features = {feature.name: feature for feature in tool.signature.features}
    if faults := problem.get("errors"):
        placed = [{**fault, "pointer": place + fault["pointer"]} for fault in faults]
        pointers = [fault["pointer"] for fault in placed]
        brought = {_beside(pointer, renames[pointer]) for pointer in pointers if pointer in renames}
        errors = [_mended(fault, features, renames) for fault in placed if fault["pointer"] not in brought]
        named = dict.fromkeys(error["feature"] for error in errors if "feature" in error and error["action"] == "set")
        allowed = {name: schemas.value(features[name], tool.signature, tool.settings) for name in named}
        content |= {"errors": errors, "allowed": allowed, "example": tool.example}
    return Answer(to_json(content), JSON, status, is_data=True)


def _mended(error: dict[str, Any], features: Mapping[str, Any], renames: Renames) -> dict[str, Any]:
    """Add to an error how it is mended."""
    if feature := renames.get(error["pointer"]):
        return {**error, "action": "rename", "feature": feature}
    if error["detail"] == WRAP:
        return {**error, "action": "wrap"}
    match [part.replace("~1", "/").replace("~0", "~") for part in error["pointer"].split("/")[1:]]:
        case ["records", _, name] if name in features:
            return {**error, "action": "set", "feature": name}
        case ["records"] | ["records", _]:
            return {**error, "action": "set"}
        case ["records", _, _] | [_]:
            return {**error, "action": "remove"}
    return error


def find_renames(tool: Tool, arguments: Mapping[str, Any]) -> Renames:
    """Find the names in records that are nearly those of features which the record lacks; of the first such names."""
    records = arguments.get("records")
    if not isinstance(records, list) or tool.parser.unknown_fields == "ignore":
        return {}
    names = {feature.name.casefold(): feature.name for feature in tool.signature.features}
    features = tool.parser.features.keys()
    near: dict[str, list[str]] = {}
    renames: dict[str, str] = {}
    for place, record in enumerate(records):
        if not isinstance(record, dict) or record.keys() <= features:
            continue
        if len(renames) > MAX_FAULTS:
            break
        taken = {*record}
        for name in filter(lambda name: name not in features, record):
            if name not in near and len(near) < MAX_GUESSED and len(name) <= MAX_LABEL:
                near[name] = [names[close] for close in get_close_matches(name.casefold(), names)]
            if feature := next((close for close in near.get(name, ()) if close not in taken), ""):
                taken.add(feature)
                renames[Fault(("records", place, name), "").pointer] = feature
    return renames


def wrong_arguments(tool: Tool, arguments: Mapping[str, Any]) -> Problem | None:
    """Say what is wrong with arguments, save what is in the records."""
    log = FaultLog(MAX_FAULTS)
    options = tool.options
    unknown = Complaint(f"is no argument of this tool, which are: {listed(['records', *options])}")
    records = arguments.get("records")
    if not isinstance(records, list):
        log.add(("records",), WRAP if isinstance(records, dict) else NO_LIST)
    for name, value in arguments.items():
        if name in options and not isinstance(value, bool):
            log.add((name,), "must be true or false")
        elif name != "records" and name not in options:
            log.add_unknown((), name, unknown)
    if not log.count:
        return None
    if isinstance(records, list):
        _check(records, tool, log)
    return Problem(422, f"the arguments do not fit the tool{SEE_ERRORS}", errors=map(describe, log.faults))


def _check(records: list[Any], tool: Tool, log: FaultLog) -> None:
    """Note what is wrong with the records too, so that all is said at once."""
    try:
        tool.parser.read_json(to_json(records))
    except InvalidRecords as error:
        for fault in error.faults:
            log.add(("records", *fault.location), fault.detail)
    except RecordsError:
        return  # Which is said when the others are mended.


def _beside(pointer: str, name: str) -> str:
    """Point to another member of the same record."""
    return pointer.rpartition("/")[0] + Fault((name,), "").pointer
