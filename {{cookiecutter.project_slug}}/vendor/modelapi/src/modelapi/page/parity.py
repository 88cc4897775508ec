"""Whether a page answers as the engine does, on records drawn from the signature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from modelapi import outputs
from modelapi.engines import Adjust, EngineError, Wanted, everything
from modelapi.explanation import Unexplained, explanations, numbers
from modelapi.explanation import wanted as numbers_wanted
from modelapi.package import Package
from modelapi.page.contents import fold
from modelapi.page.html import join
from modelapi.page.runners import run
from modelapi.records.columns import Array, Columns
from modelapi.records.faults import Policy
from modelapi.records.parser import RecordParser
from modelapi.shapley import Explainer

TOLERANCE = 1e-6
N_EXPLAINED = 3  # Records, for each of which a model is asked about thousands.


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
    questions = [{"records": records, "options": wanted._asdict()}]
    expected = answer_of(model, records, wanted, policy, adjust)
    if model.background is not None:
        questions.append({"records": records[:N_EXPLAINED], "options": {"explain": True}})
        expected["explanation"] = explanation_of(model, records[:N_EXPLAINED], policy, adjust)
    answers, program = ask(content, questions, files)
    if fault := next((answer["detail"] for answer in answers if "detail" in answer), None):
        raise EngineError(f"{program} fails: {fault}")
    answered = answers[-1] | answers[0]
    if member := next((name for name in expected if not is_alike(expected[name], answered.get(name))), None):
        changed = " with what the API's adjust makes of them" if adjust else ""
        raise EngineError(f"its answers differ from the engine's{changed}, in {member}")
    return program


def ask(
    content: Mapping[str, Any], questions: Sequence[Mapping[str, Any]], files: Mapping[str, Path]
) -> tuple[list[Any], str]:
    """Let the scripts answer questions, {records, options} each. Raises EngineError."""
    given = fold({"model": content, "questions": questions}, level=1)
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


def explanation_of(
    model: Package, records: Sequence[dict[str, Any]], policy: Policy, adjust: Adjust | None = None
) -> list[Any]:
    """Explain as POST /predict?explain=true does. Raises EngineError if what is answered is no number."""
    signature = model.signature
    assert model.background is not None  # nosec B101 # Who asks knows.

    def say(rows: Columns) -> Array:
        prediction = model.engine.predict(rows, numbers_wanted(signature))
        return numbers(adjust(prediction, signature) if adjust else prediction, signature)

    columns = RecordParser(signature, unknown_categories=policy).parse_values(records)
    explainer = Explainer(model.background)
    rows = [{name: values[row : row + 1] for name, values in columns.items()} for row in range(len(records))]
    try:
        found = [explainer.explain(say, row, say(row)[0]) for row in rows]
    except Unexplained:
        raise EngineError("the API's adjust makes of its answers what cannot be explained") from None
    return explanations(found, signature)


def is_alike(own: Any, other: Any) -> bool:
    """Tell whether numbers are the same to TOLERANCE, relative to those over 1, and all else exactly."""
    if isinstance(own, dict):
        return (
            isinstance(other, dict)
            and own.keys() == other.keys()
            and all(is_alike(own[name], other[name]) for name in own)
        )
    if isinstance(own, list):
        return isinstance(other, list) and len(own) == len(other) and all(map(is_alike, own, other))
    if isinstance(own, float) and isinstance(other, int | float) and not isinstance(other, bool):
        return abs(own - other) <= TOLERANCE * max(1.0, abs(own))
    return type(own) is type(other) and bool(own == other)
