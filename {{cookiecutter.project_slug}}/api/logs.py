"""Logs: one line a request, JSON or for the console, on standard output; never a value that a client sent."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, cast

import structlog
from structlog.typing import EventDict, Processor

if TYPE_CHECKING:
    from api.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send structlog and the standard library's logging the same way; safe to call again."""
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _format_exception if settings.log_level != "debug" else structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger(name))


def _format_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Write where an exception came from and its type, not its message: that can quote what a client sent."""
    exception = event.pop("exc_info", None)
    if exception is True:
        exception = sys.exc_info()[1]
    elif isinstance(exception, tuple):
        exception = exception[1]
    if exception:
        event["error"] = type(exception).__name__
        event["traceback"] = "".join(traceback.format_tb(exception.__traceback__))
    return event
