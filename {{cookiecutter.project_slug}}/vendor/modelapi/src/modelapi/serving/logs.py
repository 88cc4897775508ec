"""Logs: one line a request, JSON or for the console, on standard output; never a value that a client sent."""

import asyncio
import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from modelapi.serving.crew import this_thread
from modelapi.serving.output import Output, is_terminal

RequestLogger: TypeAlias = Callable[[dict[str, object]], None]

output: Any = Output()


def configure_logs(level: str, form: str) -> None:
    """Send structlog and the standard library's logging the same way, as LOG_LEVEL and LOG_FORMAT say."""
    number = logging.getLevelNamesMapping()[level.upper()]
    as_json = form == "json"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _format_exception if level != "debug" else structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(_to_json) if as_json else _for_people()],
        logger_factory=structlog.BytesLoggerFactory(output) if as_json else structlog.WriteLoggerFactory(output),
        wrapper_class=structlog.make_filtering_bound_logger(number),
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.PositionalArgumentsFormatter(),
                structlog.stdlib.add_logger_name,
                *shared,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _to_json_text if as_json else _for_people(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    threading.excepthook = _log_end_of_thread


def get_logger() -> FilteringBoundLogger:
    """Return a logger that takes up whatever configure_logs has set."""
    return cast(FilteringBoundLogger, structlog.get_logger())


def request_logger(level: str, form: str) -> RequestLogger:
    """Return what writes the line of a request: in JSON by itself, for structlog takes three times as long."""
    if level in ("warning", "error"):
        return lambda _fields: None
    if form == "console":
        log = get_logger()
        return lambda fields: log.info("request", **fields)  # Looked up each time: it is configured only later.
    lines: deque[bytes] = deque()
    due: asyncio.AbstractEventLoop | str | None = None  # Who is to write them: a loop, threads, or nobody yet.

    def flush() -> None:
        nonlocal due
        due = None  # Before they are taken, so that no line is left behind.
        found = []
        while lines:
            with suppress(IndexError):  # Another thread writes it.
                found.append(lines.popleft())
        output.write(b"".join(found))

    def write(fields: dict[str, object]) -> None:
        nonlocal due
        event = {"event": "request", **fields, "level": "info", "timestamp": datetime.now(UTC)}
        lines.append(to_json(event, fallback=repr) + b"\n")
        # At once, but together with the lines of all requests that end now.
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if due != (here or "threads"):
            due = here or "threads"
            (here.call_soon if here else this_thread().share)(flush)

    return write


def _for_people() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=is_terminal())


def _to_json(event: EventDict, **_options: Any) -> bytes:
    return to_json(event, fallback=repr)


def _to_json_text(_logger: Any, _method: str, event: EventDict) -> str:
    return _to_json(event).decode()


def _format_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Write where an exception came from and its type, not its message: that can quote what a client sent."""
    exception = event.pop("exc_info", None)
    if exception is True:
        exception = sys.exc_info()[1]
    elif isinstance(exception, tuple):
        exception = exception[1]
    if exception:
        if event.get("logger") == "asyncio":  # Which quotes the message too, and what a callback was given.
            event["event"] = "unexpected error outside of a request"
        event["error"] = type(exception).__name__
        event["traceback"] = "".join(traceback.format_tb(exception.__traceback__))
    return event


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Log an exception that ended a thread of the owner's, as any other; Python would write its message."""
    if not issubclass(ended.exc_type, SystemExit):
        get_logger().error("unexpected error in a thread", exc_info=ended.exc_value)
