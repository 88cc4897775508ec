"""One request and its answer: what goes with them through the framework, and what is logged and counted of them."""

import re
from collections.abc import Mapping
from os import urandom
from time import monotonic, perf_counter

from structlog.contextvars import clear_contextvars, get_contextvars

from modelapi.serving import metrics
from modelapi.serving.answers import Problem
from modelapi.serving.concurrency import Held
from modelapi.serving.logs import get_logger
from modelapi.serving.service import ServedModel, Service
from modelapi.serving.tracing import Trace

log = get_logger()

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Exchange:
    """A request under way: its id, the model that was current when it came, and how many rows it holds."""

    __slots__ = (
        "bound",
        "deadline",
        "extra",
        "first",
        "given",
        "has_left",
        "held",
        "is_bare_prefix",
        "is_finished",
        "model",
        "principal",
        "protocol",
        "request_id",
        "route",
        "rows",
        "service",
        "started",
        "status",
        "trace",
    )

    def __init__(self, request_id: str | None, service: Service) -> None:
        """Take over the client's request id if it is sane, else make one."""
        clear_contextvars()  # Of the request before, where the server has no context for each.
        self.request_id = request_id if request_id and SANE_ID.fullmatch(request_id) else urandom(16).hex()
        self.service = service
        self.model = self.first = service.model.served
        """The model whose version the answer names, and the first model, both as they were when the request came."""
        self.rows = 0
        self.status = 0
        """Of the answer; 0 as long as none has begun."""
        self.route: str | None = None
        """The pattern of the path that matched, for the path itself is a client's value."""
        self.protocol = ""
        """In which it is asked, as PROTOCOLS names it; empty for that of this API."""
        self.has_left = False
        """Whether nobody waits for the answer any more."""
        self.deadline: float | None = None
        """When, by the monotonic clock, a table that was read is to be predicted."""
        self.held = Held(service.limits.memory)
        """Bytes of the body in memory, where the framework reads it."""
        self.is_bare_prefix = False
        """Whether the path is that of ROOT_PATH, without the slash below which relative links lead somewhere."""
        self.is_finished = False
        self.principal = ""
        """The name of the client's key."""
        self.given: Mapping[bytes, bytes] = {}
        """The headers of the request, of several of a name the first."""
        self.extra: Mapping[str, str] = {}
        """Headers that this client gets besides."""
        self.bound: Mapping[str, object] = {}
        """Fields that the owner's functions have bound to the log, where they were called."""
        self.trace: Trace | None = None
        """None if no trace came, and none is made."""
        self.started = perf_counter()
        metrics.begin()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that are on every answer."""
        headers = {"X-Request-ID": self.request_id, "X-Content-Type-Options": "nosniff", **self.extra}
        if self.model:
            headers["X-Model-Version"] = self.model.version
        return headers

    def require_model(self, name: str = "") -> ServedModel:
        """Return a model, whose version the answer will name. Raises a 503 Problem while there is none."""
        self.model = self.service.models[name].served if name else self.first
        if self.model is None:
            raise Problem(503, "no model is loaded yet: try again later", headers={"Retry-After": "5"})
        return self.model

    def require_client(self) -> None:
        """Raise a Problem if nobody waits for the answer any more, or not so long."""
        if self.has_left:
            raise Problem(400)
        if self.deadline and monotonic() > self.deadline:
            raise Problem(504)

    def crash(self, error: BaseException | None) -> None:
        """Log an unexpected error with its traceback."""
        if self.trace:
            self.trace.error = type(error).__name__
        log.error("unexpected error", request_id=self.request_id, exc_info=error)

    def begin_answer(self, status: int) -> None:
        """Note that an answer begins."""
        self.status = status
        if self.trace:
            self.trace.begin_answer()

    def finish(self, method: str, status: int) -> None:
        """Log and count this request, once."""
        if self.is_finished:
            return
        self.is_finished = True
        seconds = perf_counter() - self.started
        metrics.end(self.route, status, seconds, self.rows)
        version = self.model.version if self.model else None
        fields: dict[str, object] = {
            "request_id": self.request_id,
            "method": method,
            "route": self.route,
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "rows": self.rows,
            "model_version": version,
        }
        if self.trace:
            self.trace.tell(self.route, status, version)
            self.trace.end()
            fields |= self.trace.ids
        if self.protocol:
            fields["protocol"] = self.protocol
        if self.principal:
            fields["principal"] = self.principal
        if bound := {**self.bound, **get_contextvars()}:
            bound.pop("event", None)  # That is what structlog calls the message.
            fields = {**bound, **fields}
        self.service.log_request(fields)
