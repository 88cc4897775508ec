"""The tools that models are for agents: one that predicts and, where a model explains, one that explains."""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from modelapi.protocols.translation import Names
from modelapi.records.parser import RecordParser
from modelapi.serving import openapi, schemas
from modelapi.serving.schemas import EXPLANATION, FAULT, Schema
from modelapi.serving.service import Service
from modelapi.serving.settings import Settings
from modelapi.signature import MEANINGS, Signature

MOST = 64  # Characters of a name, which the makers of language models allow.
MENDING = "A call that is refused says at which place what is wrong, and what is allowed there: mend it and call again."


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, typed by the signature of its model."""

    name: str
    model: str
    """As ModelApi has it."""
    explains: bool
    signature: Signature
    settings: Settings
    parser: RecordParser

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return openapi.summary(self.signature) + (", and explain it" if self.explains else "")

    @property
    def description(self) -> str:
        """What it does, and what to do when it refuses."""
        meaning = MEANINGS.get(self.signature.task, "")
        said = f"{openapi.summary(self.signature)}: one answer for each record, in order{meaning and ': '}{meaning}."
        explanation = openapi.options(self.signature)["explain"] if self.explains else ""
        return " ".join(filter(None, (said, explanation, MENDING)))

    @property
    def most(self) -> int:
        """How many records a call may hold."""
        settings = self.settings
        return min(settings.max_rows, settings.max_explained_rows) if self.explains else settings.max_rows

    @property
    def options(self) -> dict[str, str]:
        """What each option does."""
        return {name: said for name, said in openapi.options(self.signature).items() if name != "explain"}

    @property
    def input_schema(self) -> Schema:
        """Describe the arguments."""
        record = schemas.record(self.signature, self.settings)
        options = {
            name: {"type": "boolean", "default": False, "description": said} for name, said in self.options.items()
        }
        return {
            "type": "object",
            "properties": {
                "records": {"type": "array", "minItems": 1, "maxItems": self.most, "items": record},
                **options,
            },
            "required": ["records"],
            "additionalProperties": False,
        }

    @property
    def output_schema(self) -> Schema:
        """Describe what is answered."""
        schema = schemas.prediction(self.signature, EXPLANATION, FAULT)
        if not self.explains:
            schema["properties"].pop("explanation", None)
        return schema

    @property
    def example(self) -> dict[str, Any]:
        """Arguments that it takes."""
        return {"records": [self.signature.example()]}


def find_tools(names: Names, service: Service) -> dict[str, Tool]:
    """Find the tools of the current models, by name."""
    tools: dict[str, Tool] = {}
    for name, model in names.items():
        served = service.models[model].served
        if not served:  # It went meanwhile.
            continue
        for verb in ("predict", "explain") if served.signature.explains else ("predict",):
            called = _called(f"{verb}_{name}", tools)
            tools[called] = Tool(called, model, verb == "explain", served.signature, service.settings, served.parser)
    return tools


def _called(name: str, taken: Container[str]) -> str:
    """Name a tool with the characters that all clients take, as no other is named."""
    base, number = re.sub(r"[^A-Za-z0-9_-]", "_", name), 1
    called = base[:MOST]
    while called in taken:
        number += 1
        called = f"{base[: MOST - 4]}_{number}"
    return called
