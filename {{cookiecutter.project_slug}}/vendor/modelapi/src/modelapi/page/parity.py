"""Whether a page answers as the engine does, on records drawn from the signature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from modelapi import outputs
from modelapi.engines import Adjust, EngineError, Wanted, everything
from modelapi.package import Package
from modelapi.page.contents import fold
from modelapi.page.html import join
from modelapi.page.runners import run
from modelapi.records.faults import Policy
from modelapi.records.parser import RecordParser

TOLERANCE = 1e-6


def check(
    model: Package,
    content: Mapping[str, Any],
    records: Sequence[dict[str, Any]],
    files: Mapping[str, Path],
    *,
    policy: Policy,
    adjust: Adjust | None = None,
) -> str:
    """Compare what a page's scripts and the engine say of records; return the name of what ran the scripts.

    Raises EngineError if they differ, or if the scripts cannot be run.
    """
    wanted = everything(model.signature)
    answer, program = ask(content, [{"records": records, "options": _options(wanted)}], files)
    if "detail" in answer[0]:
        raise EngineError(f"{program} fails: {answer[0]['detail']}")
    expected = answer_of(model, records, wanted, policy, adjust)
    if member := next((name for name in expected if not _is_alike(expected[name], answer[0].get(name))), None):
        changed = " with what the API's adjust makes of them" if adjust else ""
        raise EngineError(f"its answers differ from the engine's{changed}, in {member}")
    return program


def ask(
    content: Mapping[str, Any], questions: Sequence[Mapping[str, Any]], files: Mapping[str, Path]
) -> tuple[list[Any], str]:
    """Let the scripts answer questions, {records, options} each. Raises EngineError."""
    given = fold({"model": content, "questions": questions})
    said, program = run(f'globalThis.GIVEN = "{given}";\n{join(files, "check.js")}')
    try:
        answers = json.loads(said)
    except ValueError:
        raise EngineError(f"{program} does not run the page: it says nothing that can be read") from None
    if isinstance(answers, dict):
        raise EngineError(answers["refused"])
    return answers, program


def answer_of(
    model: Package, records: Sequence[dict[str, Any]], wanted: Wanted, policy: Policy, adjust: Adjust | None = None
) -> dict[str, Any]:
    """Answer as POST /predict does."""
    columns = RecordParser(model.signature, unknown_categories=policy).parse_values(records)
    prediction = model.engine.predict(columns, wanted)
    prediction = adjust(prediction, model.signature) if adjust else prediction
    members: dict[str, Any] = outputs.members(prediction, model.signature, wanted)
    answer: dict[str, Any] = json.loads(to_json(members, inf_nan_mode="null"))
    return answer


def _options(wanted: Wanted) -> dict[str, bool]:
    return wanted._asdict()


def _is_alike(own: Any, other: Any) -> bool:
    """Tell whether numbers are the same to TOLERANCE, relative to those over 1, and all else exactly."""
    if isinstance(own, dict):
        return isinstance(other, dict) and [*own] == [*other] and all(_is_alike(own[name], other[name]) for name in own)
    if isinstance(own, list):
        return isinstance(other, list) and len(own) == len(other) and all(map(_is_alike, own, other))
    if isinstance(own, float) and isinstance(other, int | float) and not isinstance(other, bool):
        return abs(own - other) <= TOLERANCE * max(1.0, abs(own))
    return type(own) is type(other) and bool(own == other)
