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

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from modelapi.project import Project
from modelapi.settings import SettingsError
from modelapi.signature import Feature, Signature, Target, Wording, label_name
from modelapi.training.reading import listing

ALIKE = 0.75  # From which on two names are taken for the same, mistyped.
COLUMNS = TypeAdapter(dict[str, Wording])
Column = TypeVar("Column", Feature, Target)


def read_wording(project: Project, targets: Sequence[str]) -> dict[str, Wording]:
    """Read what the project calls columns, by their names. Raises SettingsError if it says anything else of one."""
    columns: dict[str, Any] = dict(project.options.get("columns", {}))
    labels = project.options.get("labels")
    if labels and len(targets) == 1:
        columns[targets[0]] = {"labels": labels, **columns.get(targets[0], {})}
    try:
        return COLUMNS.validate_python(columns)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def with_wording(signature: Signature, project: Project) -> Signature:
    """Add what the project calls the columns that the signature has; names of others are those of another table.

    Raises as read_wording does.
    """
    wording = read_wording(project, [target.name for target in signature.targets])
    features = [_worded(feature, wording) for feature in signature.features]
    target = signature.target
    if target.outputs:
        outputs = [_worded(output, wording) for output in target.outputs]
        target = target.model_copy(update={"outputs": outputs})
    return signature.model_copy(update={"features": features, "target": _worded(target, wording)})


def find_slips(project: Project, signature: Signature) -> Iterator[str]:
    """Say of which columns and values the project speaks that a model has not, if it seems to mean others of it."""
    known: dict[str, Feature | Target] = {column.name: column for column in signature.features}
    known |= {target.name: target for target in signature.targets}
    wording = read_wording(project, [target.name for target in signature.targets])
    silent = {name.casefold(): name for name in known if name not in wording}
    for name, said in wording.items():
        if name not in known:
            for near in difflib.get_close_matches(name.casefold(), silent, 1, ALIKE):
                yield f"pyproject.toml speaks of {name}, which is no column of the model: did you mean {silent[near]}?"
            continue
        values = _values(known[name])
        if said.labels and values is None:
            yield f"pyproject.toml labels values of {name}, but it has more than can be listed: they are not shown"
        elif values and (strange := sorted(said.labels.keys() - set(values))):
            yield (
                f"{name} is never {listing(strange)} in {signature.source}, which pyproject.toml labels: "
                f"it is {listing(values)}"
            )


def _values(column: Feature | Target) -> list[str] | None:
    """Name the values that a column has and shows, or None if they are not counted."""
    labels = column.classes if isinstance(column, Target) else column.named if column.listed else []
    return None if labels is None else [*map(label_name, labels)]


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
