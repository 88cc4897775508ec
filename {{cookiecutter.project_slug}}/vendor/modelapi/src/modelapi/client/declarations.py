"""Schemas of the OpenAPI document, written as types of a language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from modelapi.client.model import Model
from modelapi.serving.schemas import Schema
from modelapi.signature import Label

NAMES = {"prediction": "Label", "probability": "Probability", "score": "Score", "explanation": "Explanations"}
"""The types of what is answered for a record, by member."""


class Member(NamedTuple):
    """A member of an object. says : one line for people."""

    name: str
    type: str
    is_required: bool
    says: str


class Types(ABC):
    """Writes types and, of objects, declarations: `declared` has them by name, each behind those that it needs."""

    named: ClassVar[Mapping[str, str]]
    """The types of the language by those of JSON, and `datetime`."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.declared: dict[str, str] = {}
        self._schemas = schemas
        self._names: dict[str, str] = {}

    def of(self, schema: Schema, name: str, says: str = "") -> str:
        """Write the type of a schema; an object is declared under a name, unless the same one is already."""
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            return self.of(self._schemas[name], name)
        if "enum" in schema:
            return self.choice(schema["enum"])
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if kinds == ["object"]:
            return self._object(schema, name, says)
        return " | ".join(self.named[kind] for kind in kinds)

    def _object(self, schema: Schema, name: str, says: str) -> str:
        if "properties" not in schema:
            return self.mapping(self.of(schema["additionalProperties"], name))
        required = schema.get("required", [])
        members = [
            Member(one, self.of(part, f"{name}{place}"), one in required, _says(part))
            for place, (one, part) in enumerate(schema["properties"].items(), start=1)
        ]
        key = self.declaration("", members, says)
        if key not in self._names:
            self._names[key] = name
            self.declared[name] = self.declaration(name, members, says)
        return self._names[key]

    @abstractmethod
    def choice(self, values: Sequence[Label | None]) -> str:
        """Write that a value is one of these."""

    @abstractmethod
    def mapping(self, of: str) -> str:
        """Write an object with any names."""

    @abstractmethod
    def declaration(self, name: str, members: Sequence[Member], says: str) -> str:
        """Declare an object."""

    @abstractmethod
    def alias(self, name: str, of: str, says: str) -> str:
        """Give a type a name."""


def _says(schema: Schema) -> str:
    """Say in a line what a value is, with its unit and its range."""
    parts = [schema.get("title"), schema.get("description"), *map(_example, schema.get("examples", []))]
    return one_line("; ".join(part for part in parts if part))


def _example(value: Label) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return f"for example {text}"


def one_line(text: str) -> str:
    """Leave out of a text what would end a line or a comment."""
    words = " ".join(text.split())
    return "".join(one if one.isprintable() else "\ufffd" for one in words)


def declare(types: Types, model: Model) -> dict[str, str]:
    """Declare the record and what is answered for one; returns the types of the members of an answer.

    A label that is no object is declared too.
    """
    record = f"A record that {one_line(model.project.title)} takes"
    types.of(model.schemas["Record"], "InputRecord", f"{record}; what need not be given may be missing.")
    found = {
        name: types.of(schema, NAMES[name]) if name in NAMES else "Fault" for name, schema in model.members.items()
    }
    if found["prediction"] not in types.declared:
        types.declared["Label"] = types.alias("Label", found["prediction"], _says(model.members["prediction"]))
        found["prediction"] = "Label"
    return found
