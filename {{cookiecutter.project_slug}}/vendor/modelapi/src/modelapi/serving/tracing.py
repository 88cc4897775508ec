"""The trace that a request belongs to: taken over from who asks, logged, and passed on.

Spans are made where OTEL_* asks for them; only then is OpenTelemetry imported, by modelapi.serving.spans.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from structlog.contextvars import bind_contextvars, unbind_contextvars

from modelapi.extras import remedy
from modelapi.serving.logs import get_logger

if TYPE_CHECKING:
    from modelapi.serving.spans import Spans

log = get_logger()

Find = Callable[[str], str | None]
"""Finds a header of the request by its name in lower case; the values of several are joined by commas."""

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
TRACESTATE = re.compile(r"[ -~]{1,4096}")
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_headers: ContextVar[Mapping[str, str] | None] = ContextVar("trace_headers", default=None)
_nothing = nullcontext()


class Trace:
    """The trace of a request."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        """As the log names them, `trace_id` and `span_id`, in hexadecimal digits."""
        self.error: str | None = None
        """The type of what the application raised."""

    def name(self, trace_id: str, span_id: str) -> None:
        """Let all that is logged from now on in this request name these."""
        self.ids = {"trace_id": trace_id, "span_id": span_id}
        bind_contextvars(**self.ids)

    def begin_answer(self) -> None:
        """Note that the answer begins, within all that is around the routes."""

    def tell(self, route: str | None, status: int, version: str | None) -> None:
        """Say what came of the request."""

    def end(self) -> None:
        """Leave it, where it began."""
        unbind_contextvars(*self.ids)


class ClientsTrace(Trace):
    """The trace of who asks, in which the request has no span of its own."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Take the headers that pass it on."""
        super().__init__()
        _, trace_id, span_id, _ = headers["traceparent"].split("-")
        self.name(trace_id, span_id)
        self._token = _headers.set(headers)

    def end(self) -> None:
        """Pass it on no longer."""
        super().end()
        _headers.reset(self._token)


class Tracing:
    """What traces are made of in this process: spans, if `start` has found that they are asked for."""

    def __init__(self) -> None:
        self.spans: Spans | None = None

    def start(self, service: str, *, provides: bool = True) -> None:
        """Make spans of this service if OTEL_* asks for them.

        provides : whether to send them where OTEL_* says, unless the owner has set a provider; else another does.
        """
        self.spans = None
        if not are_spans_wanted():
            return
        try:
            from modelapi.serving.spans import Spans

            self.spans = Spans(service, provides=provides)
        except (ImportError, LookupError) as error:
            log.warning(f"OTEL_* asks for spans, but none are made: {remedy('otel')}", reason=str(error))

    def begin(self, find: Find, method: str, scheme: str, app: object) -> Trace | None:
        """Return the trace of a request, which the framework's `app` answers; None if there is none."""
        if self.spans:
            return self.spans.begin(find, method, scheme, app)
        headers = read_headers(find)
        return ClientsTrace(headers) if headers else None

    def here(self) -> Any:
        """Return where in a trace this is, for what is done elsewhere."""
        return self.spans.here() if self.spans else None

    def span(self, name: str, places: Sequence[Any] | None = None, **counts: int) -> AbstractContextManager[object]:
        """Time a part of the request under way, or of those at some `places` for which it is done at once."""
        return self.spans.span(name, places, counts) if self.spans else _nothing

    def stop(self) -> None:
        """Send the last spans."""
        if self.spans:
            self.spans.stop()


tracing = Tracing()


def are_spans_wanted() -> bool:
    """Tell whether the environment says where spans go."""
    get = os.environ.get
    exporter = get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    return bool(exporter or any(map(get, ENDPOINTS)))


def read_headers(find: Find) -> dict[str, str] | None:
    """Return what W3C Trace Context says of a request, as it is passed on; None if that is nothing, or malformed."""
    found = TRACEPARENT.fullmatch(find("traceparent") or "")
    if not found:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    is_later = version != "00"  # Of which only what this version has is understood.
    if version == "ff" or (more and not is_later) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    if is_later:
        flags = f"{int(flags, 16) & 1:02x}"
    headers = {"traceparent": f"00-{trace_id}-{span_id}-{flags}"}
    state = find("tracestate") or ""
    return headers | {"tracestate": state} if TRACESTATE.fullmatch(state) else headers


def trace_headers() -> dict[str, str]:
    """Return the headers with which what you ask of another service belongs to the trace of the request under way."""
    return tracing.spans.headers() if tracing.spans else dict(_headers.get() or {})
