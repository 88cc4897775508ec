"""What only people can say of a model, in pyproject.toml.

[tool.modelapi.card]
target = "Survived"
rows = "passengers"
intended_use = "To learn with"
not_for = "Decisions about people"
caveats = "The crew is not in the table"
owner = "Ada, ada@example.com"
data = "The passengers of the Titanic, from …"
licence = "CC0"
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from modelapi.packaging.card.html import Markup, facts, listing, paragraph, tag, text
from modelapi.project import Project
from modelapi.settings import SettingsError

QUESTIONS = {
    "intended_use": "Intended use",
    "not_for": "Not for",
    "caveats": "Caveats",
    "owner": "Owner",
    "data": "Data",
    "licence": "Licence of the data",
}


class Said(BaseModel):
    """The answers to the questions of the card; those that nobody has answered are empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    target: str = ""
    """Of which model they speak, by what it predicts; of any if it is empty."""
    rows: str = "rows"
    """What the rows of the table are: passengers, houses."""
    intended_use: str = ""
    not_for: str | list[str] = ""
    caveats: str | list[str] = ""
    owner: str = ""
    data: str = ""
    licence: str = ""


def read_said(project: Project, target: str) -> Said:
    """Read the answers; those that speak of a model with another target are left out.

    Raises SettingsError if pyproject.toml asks or answers otherwise.
    """
    try:
        said = Said.model_validate(project.options.get("card", {}))
        return said if said.target in ("", target) else Said()
    except ValidationError as error:
        name = ".".join(map(str, error.errors()[0]["loc"][:1]))
        known = ", ".join(Said.model_fields)
        of = f" of {name}" if name else ""
        raise SettingsError(
            f"pyproject.toml says in [tool.modelapi.card] something else{of} than {known}: each is a text, "
            "not_for and caveats may be lists of texts"
        ) from None


def answers(said: Said) -> Markup:
    """Write the answers, and which of the questions nobody has answered."""
    given = {name: getattr(said, name) for name in QUESTIONS}
    told = [
        (QUESTIONS[name], listing(answer) if isinstance(answer, list) else text(answer))
        for name, answer in given.items()
    ]
    missing = [question.lower() for name, question in QUESTIONS.items() if not given[name]]
    note = paragraph(
        f"Nobody has said yet: {', '.join(missing)}. ",
        tag("code", "[tool.modelapi.card]"),
        " in pyproject.toml asks for it.",
        class_="missing",
    )
    return Markup(facts(told) + (note if missing else ""))
