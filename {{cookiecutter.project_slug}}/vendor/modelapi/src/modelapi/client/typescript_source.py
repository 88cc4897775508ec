"""The modules of an npm package that are written: the types of one model, and what its client knows of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import Template
from typing import ClassVar

from modelapi.client.declarations import Member, Types, declare, one_line
from modelapi.client.model import OPTIONS, Model
from modelapi.signature import Label

INDEX = Template("""\
import { BaseClient } from "./client.js";

export { ApiError, ConnectError, ModelDiffers } from "./errors.js";

/** What the client knows of its model. */
export const MODEL = $content;

export class Client extends BaseClient {
  constructor(url, options) {
    super(MODEL, url, options);
  }
}
""")
CLIENT = Template("""\
/** Asks $title. */
export declare class Client {
  constructor(url: string, options?: ClientOptions);
  /** Predict a record, or many. Throws ConnectError, ApiError and ModelDiffers. */
  predict(records: InputRecord | Iterable<InputRecord>, options?: PredictOptions): Promise<Prediction>;
  /** Predict each row of a table in CSV with a header, of any length. */
  predictCsv(table: Source, options?: PredictOptions): Promise<Table>;
  /** Compare the model of the API with that of this client; returns its version, throws ModelDiffers. */
  checkModel(): Promise<string>;
}
""")


class TypeScriptTypes(Types):
    """Objects are interfaces."""

    named: ClassVar[Mapping[str, str]] = {
        "number": "number",
        "integer": "number",
        "boolean": "boolean",
        "string": "string",
        "text": "string",
        "datetime": "string | Date",
        "null": "null",
    }

    def choice(self, values: Sequence[Label | None]) -> str:
        """Write a union of literals."""
        return " | ".join(quoted(value) for value in values)

    def mapping(self, of: str) -> str:
        """Write an index signature."""
        return "{ [name: string]: " + of + " }"

    def declaration(self, name: str, members: Sequence[Member], says: str) -> str:
        """Write an interface."""
        lines = []
        for member in members:
            lines += [f"  {comment(member.says)}"] if member.says else []
            lines.append(f"  {_name(member)}{'' if member.is_required else '?'}: {member.type};")
        return "\n".join([*([comment(says)] if says else []), f"export interface {name} {{", *lines, "}"])

    def alias(self, name: str, of: str, says: str) -> str:
        """Export it."""
        return "\n".join([*([comment(says)] if says else []), f"export type {name} = {of};"])


def comment(text: str) -> str:
    """Write JSDoc."""
    closed = text.replace("*/", "* /")
    return f"/** {closed} */"


def _name(member: Member) -> str:
    return member.name if re.fullmatch(r"[A-Za-z_]\w*", member.name, re.ASCII) else quoted(member.name)


def quoted(value: Label | None) -> str:
    """Write a label as JavaScript does."""
    return json.dumps(value, ensure_ascii=not (isinstance(value, str) and value.isprintable()))


def write_types(model: Model) -> str:
    """Write index.d.ts."""
    types = TypeScriptTypes(model.schemas)
    answered = declare(types, model)
    prediction = Member("modelVersion", "string", True, "The model that answered, of several requests the last.")
    members = [
        Member(name, f"{of}[]", True, f"Empty unless `{OPTIONS[name]}` is asked for." if name in OPTIONS else "")
        for name, of in answered.items()
    ]
    options = [f"  {option}?: boolean;" for option in model.options]
    return "\n\n".join(
        [
            'import type { ClientOptions, RequestOptions, Source, Table } from "./client.js";\n'
            'import type { Fault } from "./errors.js";',
            'export { ApiError, ConnectError, ModelDiffers } from "./errors.js";\n'
            "export type { ClientOptions, Fault, RequestOptions, Source, Table };",
            *types.declared.values(),
            types.declaration("Prediction", [*members, prediction], "Entries for the records, in order."),
            "\n".join(["export interface PredictOptions extends RequestOptions {", *options, "}"]),
            CLIENT.substitute(title=one_line(model.project.title).replace("*/", "* /")),
        ]
    )


def write_module(model: Model) -> str:
    """Write index.js."""
    return INDEX.substitute(content=json.dumps(model.content, indent=1))
