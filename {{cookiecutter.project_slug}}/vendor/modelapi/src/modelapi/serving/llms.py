"""GET /llms.txt: what this API is, for language models, as https://llmstxt.org proposes."""

from collections.abc import Iterator

from pydantic_core import to_json

from modelapi.protocols import read_protocols
from modelapi.records.faults import listed
from modelapi.serving import openapi, schemas
from modelapi.serving.answers import TEXT, Answer
from modelapi.serving.example import curl
from modelapi.serving.exchange import Exchange
from modelapi.serving.schemas import Schema
from modelapi.serving.settings import Settings
from modelapi.signature import MEANINGS, Feature, Label, Signature, Target, label_name

MAX_ROWS = 100  # Of a list or a table, so that all of it fits into what is read at once.
MAX_VALUES = 10  # Categories and classes.
MAX_CELL = 400  # Characters.
MAX_EXAMPLE = 20_000
MORE = "and {} more that GET /model lists"

READING = """\
`POST /predict` takes one record, a list of up to {max_rows} records, or a table of any length: `text/csv` under a
header line with the names of the features, or `application/x-ndjson`. A list is answered with one entry for each
record, in order; CSV with CSV.
"""
REFUSALS = """\
What is refused is answered with `application/problem+json`: `errors` lists each fault, its JSON pointer
and what is allowed there. 429 (over the limit) and 503 (too much at once, or no model yet) have
`Retry-After`, the seconds to wait before the same request.
"""


def llms(exchange: Exchange, document: Schema) -> Answer:
    """Write Markdown about the API that an OpenAPI document describes. Raises a 503 Problem while there is no model."""
    return Answer("\n".join(_lines(exchange, document)).encode(), TEXT)


def _lines(exchange: Exchange, document: Schema) -> Iterator[str]:
    settings, info = exchange.service.settings, document["info"]
    signature = exchange.require_model().signature
    yield f"# {info['title']}\n"
    if info.get("description"):
        yield f"> {info['description']}\n"
    yield "An HTTP API around a machine-learning model. Paths are relative to where this file is, $URL.\n"
    if settings.api_keys:
        free = ", ".join(exchange.service.keys.open)
        yield f"A request needs a key, `Authorization: Bearer $KEY`, save for {free}.\n"
    command = curl(settings, signature, "$URL")
    if len(command) <= MAX_EXAMPLE:
        yield f"## An example\n\n```sh\n{command}\n```\n"
        yield f"It is answered in this form, with other values:\n\n```json\n{_answer(signature)}\n```\n"
    yield READING.format(max_rows=settings.max_rows)
    yield from _features(signature, settings)
    yield from _predictions(signature)
    yield "## Options\n"
    yield "In the query, as `?warnings=true`:\n"
    for name, said in openapi.options(signature).items():
        yield f"- `{name}`: {said}"
    yield f"\n## Refusals\n\n{REFUSALS}"
    yield "## Paths\n"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"- `{method.upper()} {path}`: {operation.get('summary', '')}"
    yield "\n## More\n"
    yield "- [OpenAPI](./openapi.json): the schemas of all requests and answers, with units, ranges and categories"
    yield "- [Model](./model): the signature, the metrics and where the model comes from"
    if "mcp" in read_protocols(settings.protocols):
        yield "- [MCP](./mcp): each model as a tool of the Model Context Protocol (streamable HTTP)"
    yield ""


def _features(signature: Signature, settings: Settings) -> Iterator[str]:
    """Make a table of what a record holds."""
    others = "ignored" if settings.unknown_fields == "ignore" else "refused"
    yield f"## Features\n\nThose of a record; other fields are {others}.\n"
    yield "| name | type | what it may be | if it is not known |\n|---|---|---|---|"
    for feature in signature.features[:MAX_ROWS]:
        schema = schemas.value(feature, signature, settings)
        gap = "null, or left out" if feature.nullable else "must be there"
        yield f"| `{_cell(feature.name)}` | {_type(feature)} | {_cell(_allowed(schema))} | {gap} |"
    yield _rest(len(signature.features))


def _type(feature: Feature) -> str:
    return "string" if feature.type in ("text", "datetime") else feature.type


def _allowed(schema: Schema) -> str:
    """Say in words what a schema allows."""
    values = [label_name(value) for value in schema.get("enum", ()) if value is not None]
    said = [
        schema.get("title", ""),
        f"one of {listed(values, MAX_VALUES)}" if values else "",
        f"at most {schema['maxLength']} characters" if "maxLength" in schema else "",
        schema.get("description", ""),
    ]
    return "; ".join(filter(None, said))


def _predictions(signature: Signature) -> Iterator[str]:
    """List what is predicted, and what the classes mean."""
    yield "## Predictions\n"
    if meaning := MEANINGS.get(signature.task):
        yield f"{meaning[0].upper()}{meaning[1:]}.\n"
    for target in signature.targets[:MAX_ROWS]:
        classes = [_called(target, label) for label in target.classes or []]
        said = [target.title, target.description, f"one of {listed(classes, MAX_VALUES)}" if classes else target.type]
        unit = f"in {target.unit}" if target.unit else ""
        yield f"- `{_cell(target.name)}`: {_cell('; '.join(filter(None, [*said, unit])))}"
    yield _rest(len(signature.targets))


def _called(target: Target, label: Label) -> str:
    name, called = label_name(label), target.called(label)
    return name if called == name else f"{name} ({called})"


def _answer(signature: Signature) -> str:
    """Write an answer in the form that one record has."""
    targets = signature.target.outputs
    if targets is None:
        return to_json({"prediction": [_some(signature.target)]}).decode()
    return to_json({"prediction": [{target.name: _some(target) for target in targets[:MAX_ROWS]}]}).decode()


def _some(target: Target) -> Label:
    """Make an answer up."""
    if target.classes:
        return target.classes[0]
    number = target.quantiles[len(target.quantiles) // 2] if target.quantiles else 0.5
    return int(number) if target.type == "integer" else number


def _rest(n: int) -> str:
    """Say how many were left out, below a list."""
    return f"\n{MORE.format(n - MAX_ROWS)}\n" if n > MAX_ROWS else ""


def _cell(text: str) -> str:
    """Write a text in one line of a table."""
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= MAX_CELL else f"{line[:MAX_CELL]}…"
