"""The module of a Python client that is written: the types of one model, and the client with them."""

from __future__ import annotations

import builtins
import json
import keyword
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from modelapi.client.declarations import NAMES, Member, Types, declare, one_line
from modelapi.client.model import Model
from modelapi.signature import Label

USED = {*dir(builtins), "Literal", "NotRequired", "date"}
HEAD = """
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NotRequired, TypedDict

from .base import BaseClient, Table
from .bodies import Source
from .errors import Fault
"""
PREDICTION = '''
@dataclass(frozen=True)
class Prediction:
    """Entries for the records, in order; all but `prediction` are empty unless they are asked for."""

    prediction: list[{prediction}]
{optional}
    model_version: str = ""
    """The model that answered, of several requests the last."""
'''
CLIENT = '''
class Client(BaseClient):
    """Asks {title}.

    Client("http://localhost:8080", key=…, timeout=30, retries=3): BaseClient says what these are.
    """

    model = MODEL

    def predict(self, records: InputRecord | Sequence[InputRecord] | Iterator[InputRecord]{options}) -> Prediction:
        """Predict a record, or many. Raises ConnectError, ApiError and ModelDiffers."""
        return self._predict(Prediction, records, {{{given}}})

    def predict_csv(self, table: Source{options}) -> Table:
        """Predict each row of a table in CSV with a header, of any length: of a path, of bytes, a file or parts.

        Raises as `predict` does.
        """
        return self._predict_csv(table, {{{given}}})
'''


class PythonTypes(Types):
    """Objects are TypedDicts."""

    named: ClassVar[Mapping[str, str]] = {
        "number": "float",
        "integer": "int",
        "boolean": "bool",
        "string": "str",
        "text": "str",
        "datetime": "str | date",
        "null": "None",
    }

    def choice(self, values: Sequence[Label | None]) -> str:
        """Write a Literal, which knows no floats."""
        known = ", ".join(quoted(value) for value in values if value is not None and not isinstance(value, float))
        parts = [f"Literal[{known}]"] * bool(known) + ["float"] * any(isinstance(one, float) for one in values)
        return " | ".join([*parts, *["None"] * (None in values)])

    def mapping(self, of: str) -> str:
        """Write a dict."""
        return f"dict[str, {of}]"

    def declaration(self, name: str, members: Sequence[Member], says: str) -> str:
        """Write a class or, if a name can be none of a member there, a call."""
        if all(_can_be_attribute(member.name) for member in members):
            doc = [f'    """{escaped(says)}"""', ""] if says else []
            return "\n".join([f"class {name}(TypedDict):", *doc, *map(_attribute, members)])
        lines = [f"    {quoted(member.name)}: {_type(member)},{_comment(member)}" for member in members]
        doc = [f"# {says}"] if says else []
        return "\n".join([*doc, f'{name} = TypedDict("{name}", {{', *lines, "})"])

    def alias(self, name: str, of: str, says: str) -> str:
        """Assign it."""
        doc = f'\n"""{escaped(says)}"""' if says else ""
        return f"{name} = {of}{doc}"


def _can_be_attribute(name: str) -> bool:
    """Tell whether a class can have it as it is, where letters are normalised, and it would hide a type of its name."""
    is_plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return is_plain and not name.startswith("__") and name not in USED and not name.startswith((*NAMES.values(),))


def _type(member: Member) -> str:
    return member.type if member.is_required else f"NotRequired[{member.type}]"


def _attribute(member: Member) -> str:
    doc = f'\n    """{escaped(member.says)}"""' if member.says else ""
    return f"    {member.name}: {_type(member)}{doc}"


def _comment(member: Member) -> str:
    return f"  # {member.says}" if member.says else ""


def quoted(value: Label | None) -> str:
    """Write a label as Python does."""
    is_plain = isinstance(value, str) and value.isprintable()
    return json.dumps(value, ensure_ascii=False) if is_plain else repr(value)


def literal(value: Any, indent: str = "") -> str:
    """Write what JSON can hold as Python does, lists of labels in one line."""
    inner = f"{indent}    "
    if isinstance(value, dict):
        lines = [f"{inner}{quoted(name)}: {literal(part, inner)},\n" for name, part in value.items()]
        return "{\n" + "".join(lines) + indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + "".join(f"{inner}{literal(part, inner)},\n" for part in value) + indent + "]"
    return f"[{', '.join(map(quoted, value))}]" if isinstance(value, list) else quoted(value)


def escaped(text: str) -> str:
    """Write a line of a docstring."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write(model: Model) -> str:
    """Write the module."""
    types = PythonTypes(model.schemas)
    answered = declare(types, model)
    prediction = answered.pop("prediction")
    title = escaped(one_line(model.project.title))
    optional = [f"    {name}: list[{of}] = field(default_factory=list)" for name, of in answered.items()]
    parts = [
        f'"""{title}: what version {model.manifest.version} of its model takes and answers."""\n{HEAD}',
        *types.declared.values(),
        PREDICTION.format(prediction=prediction, optional="\n".join(optional)),
        f"MODEL: dict[str, Any] = {literal(model.content)}",
        CLIENT.format(
            title=title,
            options=", *" + "".join(f", {option}: bool = False" for option in model.options),
            given=", ".join(f'"{option}": {option}' for option in model.options),
        ),
    ]
    return "\n\n\n".join(part.strip() for part in parts) + "\n"
