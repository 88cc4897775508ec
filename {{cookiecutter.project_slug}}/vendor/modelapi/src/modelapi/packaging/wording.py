"""How people call columns and labels, as pyproject.toml says it.

[tool.modelapi.columns.Age]
title = "Age at departure"
unit = "years"

[tool.modelapi.labels]
0 = "died"
1 = "survived"

Labels are those of the only target; those of any column stand in its own table, as `labels = {C = "Cherbourg"}`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from modelapi.project import Project
from modelapi.settings import SettingsError
from modelapi.signature import Feature, Signature, Target, Wording

COLUMNS = TypeAdapter(dict[str, Wording])
Column = TypeVar("Column", Feature, Target)


def with_wording(signature: Signature, project: Project) -> Signature:
    """Add what the project calls the columns that the signature has; names of others are those of another table.

    Raises SettingsError if pyproject.toml says anything else of a column.
    """
    columns: dict[str, Any] = dict(project.options.get("columns", {}))
    labels = project.options.get("labels")
    if labels and signature.target.outputs is None:
        columns[signature.target.name] = {"labels": labels, **columns.get(signature.target.name, {})}
    try:
        wording = COLUMNS.validate_python(columns)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    features = [_worded(feature, wording) for feature in signature.features]
    target = signature.target
    if target.outputs:
        outputs = [_worded(output, wording) for output in target.outputs]
        target = target.model_copy(update={"outputs": outputs})
    return signature.model_copy(update={"features": features, "target": _worded(target, wording)})


def _worded(column: Column, wording: dict[str, Wording]) -> Column:
    said = wording.get(column.name)
    return column.model_copy(update=said.model_dump(exclude_unset=True)) if said else column


def _explain(error: ValidationError) -> str:
    place = error.errors()[0]["loc"]
    name = ".".join(map(str, place[:1]))
    known = ", ".join(Wording.model_fields)
    return (
        f"pyproject.toml says something else of the column {name} than {known}: each is a text, "
        'and labels a table of texts, as labels = {0 = "died", 1 = "survived"}'
    )
