"""Spans of OpenTelemetry, of each request and of what is done for it; no value of a client is in them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from threading import Thread

from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode

from modelapi import __version__
from modelapi.serving.tracing import Find, Trace

METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"))
LAST_CALL = 0.5  # Seconds in which the last spans may be sent; a collector that is away is not waited for.


class Provider(TracerProvider):
    """Sends spans where OTEL_* says; what is not of this class is the owner's."""


class Spans:
    """Makes the spans of this process."""

    def __init__(self, service: str, *, provides: bool) -> None:
        """Set a provider, if it is asked of us and there is none. Raises LookupError if an exporter is missing."""
        if provides and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(make_provider(service))
        provider = trace.get_tracer_provider()
        self.provider = provider if isinstance(provider, Provider) else None
        """None if it is the owner's."""
        self._tracer = trace.get_tracer("modelapi", __version__)

    def begin(self, find: Find, method: str, scheme: str, app: object) -> Trace:
        """Begin the span of a request, unless it has one of the owner's."""
        is_outside = trace.get_current_span().get_span_context().is_valid
        # The mark of OpenTelemetry's instrumentations. If they leave none some day, their span is a child of ours.
        if is_outside or getattr(app, "_is_instrumented_by_opentelemetry", False):
            return OwnersSpan()
        parent = propagate.extract(find, getter=_HEADERS)
        is_known = method in METHODS  # Any other is a client's value.
        name = method if is_known else "HTTP"
        attributes = {
            "http.request.method": method if is_known else "_OTHER",
            "url.scheme": "https" if scheme == "https" else "http",
        }
        span = self._tracer.start_span(name, parent, SpanKind.SERVER, attributes)
        return RequestSpan(span, name, parent)

    def here(self) -> Context:
        """Return where spans of the request under way are to be."""
        return context.get_current()

    @contextmanager
    def span(self, name: str, places: Sequence[Context] | None, counts: Mapping[str, int]) -> Iterator[None]:
        """Make a span at each place, all of the same time; what is below is below the first."""
        attributes = {f"modelapi.{what}": count for what, count in counts.items()}
        places = places or [self.here()]
        spans = [self._tracer.start_span(name, place, attributes=attributes) for place in places]
        token = context.attach(trace.set_span_in_context(spans[0], places[0]))
        try:
            yield
        except BaseException as error:
            for span in spans:
                _fail(span, type(error).__name__)
            raise
        finally:
            context.detach(token)
            for span in spans:
                span.end()

    def headers(self) -> dict[str, str]:
        """Return the headers that pass the trace on, as OTEL_PROPAGATORS says."""
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers

    def stop(self) -> None:
        """Send the last spans, if that is up to us."""
        if self.provider:
            sender = Thread(target=self.provider.shutdown, daemon=True)
            sender.start()
            sender.join(LAST_CALL)


class OwnersSpan(Trace):
    """The span that something around the application, or around its routes, makes of a request."""

    def __init__(self) -> None:
        super().__init__()
        self.begin_answer()

    def begin_answer(self) -> None:
        """Note its ids, as soon as it is there."""
        place = trace.get_current_span().get_span_context()
        if place.is_valid and not self.ids:
            self.name(trace.format_trace_id(place.trace_id), trace.format_span_id(place.span_id))


class RequestSpan(OwnersSpan):
    """The span of a request that is ours."""

    def __init__(self, span: Span, name: str, parent: Context) -> None:
        self._token = context.attach(trace.set_span_in_context(span, parent))
        self._span, self._name = span, name
        super().__init__()

    def tell(self, route: str | None, status: int, version: str | None) -> None:
        """Say what came of the request."""
        attributes = {"http.route": route, "http.response.status_code": status, "modelapi.model.version": version}
        self._span.set_attributes({name: value for name, value in attributes.items() if value})
        if route:
            self._span.update_name(f"{self._name} {route}")
        if status >= 500:
            _fail(self._span, self.error or str(status))

    def end(self) -> None:
        """End it, where it began."""
        super().end()
        self._span.end()
        context.detach(self._token)


class _Headers(Getter[Find]):
    """How a propagator finds the headers of a request."""

    def get(self, carrier: Find, key: str) -> list[str] | None:
        value = carrier(key)
        return None if value is None else [value]

    def keys(self, carrier: Find) -> list[str]:  # noqa: ARG002 (only propagators of baggage in other forms ask)
        return []


_HEADERS = _Headers()


def _fail(span: Span, kind: str) -> None:
    """Say what kind of error it was, not its message: that can quote what a client sent."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def make_provider(service: str) -> Provider:
    """Return a provider whose spans go where OTEL_* says. Raises LookupError if an exporter is not installed."""
    # What the environment says of the service is right.
    resource = Resource.create({"service.name": service, **OTELResourceDetector().detect().attributes})
    provider = Provider(resource=resource)
    for name in (os.environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(","):
        provider.add_span_processor(BatchSpanProcessor(_make_exporter(name.strip().lower())))
    return provider


def _make_exporter(name: str) -> SpanExporter:
    if name == "otlp":
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        name = "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"
    for entry in entry_points(group="opentelemetry_traces_exporter", name=name):
        exporter: SpanExporter = entry.load()()
        return exporter
    raise LookupError(f"no exporter {name} is installed")
