"""GET /llms.txt: what this API is, for language models, as https://llmstxt.org proposes."""

from collections.abc import Iterator

from modelapi.protocols import read_protocols
from modelapi.serving.answers import TEXT, Answer
from modelapi.serving.example import curl
from modelapi.serving.exchange import Exchange
from modelapi.serving.schemas import Schema


def llms(exchange: Exchange, document: Schema) -> Answer:
    """Write Markdown about the API that an OpenAPI document describes. Raises a 503 Problem while there is no model."""
    return Answer("\n".join(_lines(exchange, document)).encode(), TEXT)


def _lines(exchange: Exchange, document: Schema) -> Iterator[str]:
    settings, info = exchange.service.settings, document["info"]
    yield f"# {info['title']}\n"
    if info.get("description"):
        yield f"> {info['description']}\n"
    yield "An HTTP API around a machine-learning model. Paths are relative to where this file is, $URL.\n"
    if settings.api_keys:
        yield "All but this file, the docs and the probes needs a key: `Authorization: Bearer $KEY`.\n"
    yield f"## An example\n\n```sh\n{curl(settings, exchange.require_model().signature, '$URL')}\n```\n"
    yield "What is refused is answered with `application/problem+json`: `errors` lists each fault, its JSON pointer"
    yield "and what is allowed there.\n"
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
