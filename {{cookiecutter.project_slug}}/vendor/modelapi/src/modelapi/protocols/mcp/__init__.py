"""The Model Context Protocol, in which agents call tools: https://modelcontextprotocol.io/specification .

Streamable HTTP without sessions: each POST holds one message and is answered in JSON. A call of a tool is POST
/predict, each other message is GET /model, so that keys, rates and logs are those of this API; what is answered is then
written by the official SDK.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json, to_json

from modelapi.protocols.mcp.refusals import find_renames, refusal, wrong_arguments
from modelapi.protocols.mcp.tools import Tool, find_tools
from modelapi.protocols.translation import Asked, Given, Names, Protocol, Route, Translation, faults, path_of
from modelapi.serving.answers import JSON, Answer, Problem, json_answer

PATH = "/mcp"
INVALID_REQUEST, INTERNAL_ERROR = -32600, -32603
NOTHING = Answer(b"", JSON)

_sdk: ModuleType | None = None


def make() -> Protocol:
    """Make the path at which agents call."""
    return Protocol((PATH,), find)


def find(path: str, names: Names) -> Route | None:
    """Answer at one path, with a tool or two for each model."""
    return Route("/predict", Translation(partial(ask, names), refuse)) if path == PATH else None


def ask(names: Names, given: Given) -> Asked:
    """Take a message of JSON-RPC. Raises Problem."""
    service = given.exchange.service
    origin = given.header("Origin")
    if origin and not service.cors.allows(origin):  # A page that was let in by a name of its own, as by DNS rebinding.
        raise Problem(403, "pages of this origin may not call: CORS_ORIGINS names those that may")
    given.media_type(JSON)
    message = given.json()
    if not isinstance(message, dict):
        raise Problem(400, "send one message of JSON-RPC, an object")
    tools = find_tools(names, service)
    if tool := _called(message, tools):
        return _ask_model(given, message, tools, tool)
    write = partial(deliver, given, message, tools, None)
    return Asked(lambda _: NOTHING, method="GET", target="/model", deliver=write)


def _called(message: dict[str, Any], tools: dict[str, Tool]) -> Tool | None:
    """Return the tool that a message calls."""
    params = message.get("params")
    if message.get("method") != "tools/call" or "id" not in message or not isinstance(params, dict):
        return None
    if params.get("arguments") is None:
        params["arguments"] = {}
    name = params.get("name")
    return tools.get(name) if isinstance(name, str) and isinstance(params["arguments"], dict) else None


def _ask_model(given: Given, message: dict[str, Any], tools: dict[str, Tool], tool: Tool) -> Asked:
    arguments = message["params"]["arguments"]
    message["params"]["arguments"] = {}  # Of which nothing more is to be known.
    write = partial(deliver, given, message, tools, tool)
    if problem := wrong_arguments(tool, arguments):
        said_wrong = {"detail": problem.detail, "errors": problem.errors}
        refused = refusal(tool, problem.status, said_wrong, renames=find_renames(tool, arguments))
        return Asked(lambda _: refused, method="GET", target="/model", refuse=partial(refusal, tool), deliver=write)
    options = {name: "true" for name, wanted in arguments.items() if wanted is True}
    return Asked(
        say,
        to_json(arguments["records"]),
        query=urlencode(options | ({"explain": "true"} if tool.explains else {})),
        target=path_of(tool.model, "predict"),
        refuse=partial(refusal, tool, renames=find_renames(tool, arguments), place="/records"),
        deliver=write,
    )


def say(body: bytes) -> Answer:
    """Say what was predicted, an object. Raises ValueError."""
    if not isinstance(said := from_json(body), dict):
        raise ValueError
    return json_answer(said, is_data=True)


def refuse(status: int, problem: Mapping[str, Any]) -> Answer:
    """Refuse a message as JSON-RPC does, where no tool is called."""
    code = INTERNAL_ERROR if status >= 500 else INVALID_REQUEST
    error = {"code": code, "message": faults(problem)}
    return Answer(to_json({"jsonrpc": "2.0", "id": None, "error": error}), JSON, status, is_data=True)


async def deliver(
    given: Given, message: dict[str, Any], tools: dict[str, Tool], tool: Tool | None, said: Answer
) -> Answer:
    """Have the SDK answer a message with what a tool has said."""
    global _sdk
    if said.status >= 400 and not tool:
        return said
    if _sdk is None:  # It takes a second to import, which the start should not, and in which others are served.
        _sdk = await asyncio.to_thread(import_module, "modelapi.protocols.mcp.sdk")
    answer: Answer = await _sdk.answer(given, message, tools, said if tool else None)
    return answer
