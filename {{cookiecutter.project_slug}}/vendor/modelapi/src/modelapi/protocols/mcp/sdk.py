"""What the official SDK answers; apart, for it takes a second to import."""

import asyncio
import logging
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from pydantic_core import from_json, to_json
from starlette.types import Message, Scope

from modelapi.protocols.mcp import refuse
from modelapi.protocols.mcp import tools as ours
from modelapi.protocols.translation import Given, faults
from modelapi.serving.answers import JSON, Answer
from modelapi.serving.service import Service

HARMLESS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
# Of the message as it is handed over; there is but one form of answer.
HEADERS = {b"content-type": b"application/json", b"accept": b"application/json, text/event-stream"}
LENGTH = (b"content-length", b"transfer-encoding")

logging.getLogger("mcp").setLevel(logging.WARNING)  # Else it tells of each message that it begins and ends.


async def answer(given: Given, message: dict[str, Any], tools: dict[str, ours.Tool], said: Answer | None) -> Answer:
    """Answer a message of JSON-RPC.

    said : what the tool that it calls has answered, None if it calls none of these.
    """
    try:
        jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError:  # Which the SDK would quote.
        return refuse(400, {"detail": "send one request or notification of JSON-RPC 2.0"})
    body = to_json(message)
    server = _serve(given.exchange.service, tools, said)
    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=max(1, len(body))
    )
    start: Message = {}
    bodies, written = [body], list[bytes]()

    async def receive() -> Message:
        if not bodies:
            await asyncio.Event().wait()  # The client stays.
        return {"type": "http.request", "body": bodies.pop()}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            written.append(message.get("body", b""))

    async with manager.run():
        await manager.handle_request(_scope(given), receive, send)
    return Answer(b"".join(written), JSON, start["status"], is_data=True)


def _scope(given: Given) -> Scope:
    headers = {name: value for name, value in given.headers.items() if name not in LENGTH} | HEADERS
    return {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": [*headers.items()]}


def _serve(service: Service, tools: dict[str, ours.Tool], said: Answer | None) -> Server[Any]:
    """Make a server of one message."""

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_describe(tool) for tool in tools.values()])

    async def call_tool(_: ServerRequestContext[Any], __: CallToolRequestParams) -> CallToolResult:
        if said is None:
            raise MCPError(code=INVALID_PARAMS, message="there is no such tool: tools/list lists those there are")
        return _result(said)

    settings = service.settings
    server: Server[Any] = Server(
        settings.project.name,
        version=settings.version,
        title=settings.title,
        description=settings.project.description,
        instructions="Each tool takes records and answers one prediction for each. A call that is refused names in "
        "errors each place that is wrong, and in allowed what may stand there.",
        get_tool_input_schema=lambda _: None,  # No argument is said in a header too.
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    server.middleware[:] = [_without_values]  # In place of the SDK's spans, which quote names that a client chose.
    return server


async def _without_values(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Take from an error what it quotes of the message."""
    try:
        return await call_next(ctx)
    except MCPError as error:
        raise MCPError(code=error.error.code, message=error.error.message) from None


def _describe(tool: ours.Tool) -> Tool:
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=HARMLESS,
    )


def _result(said: Answer) -> CallToolResult:
    """Say an answer in text too: a refusal as a sentence."""
    content = from_json(said.body)  # type: ignore[arg-type] # As of each translation.
    is_error = said.status >= 400
    text = faults(content) if is_error else to_json(content).decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=content, is_error=is_error)
