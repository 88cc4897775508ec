"""One request and its answer: what goes with them through the framework, and what is logged and counted of them."""

import re
from collections.abc import Mapping
from os import urandom
from time import perf_counter

from modelapi.serving import metrics
from modelapi.serving.answers import Answer, Problem
from modelapi.serving.logs import get_logger
from modelapi.serving.service import ServedModel, Service
from modelapi.records.columns import Columns
from modelapi.engines import Prediction

log = get_logger()

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Exchange:
    """A request under way: its id, the model that was current when it came, and how many rows it holds."""

    __slots__ = ("extra", "has_left", "is_finished", "model", "request_id", "rows", "service", "started", "who")

    def __init__(self, request_id: str | None, service: Service) -> None:
        """Take over the client's request id if it is sane, else make one."""
        self.request_id = request_id if request_id and SANE_ID.fullmatch(request_id) else urandom(16).hex()
        self.service = service
        self.model = service.model
        self.rows = 0
        self.has_left = False
        """Whether nobody waits for the answer any more."""
        self.is_finished = False
        self.who = ""
        """The name of the client's key."""
        self.extra: Mapping[str, str] = {}
        """Headers that this client gets besides."""
        self.started = perf_counter()
        metrics.begin()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that are on every answer."""
        headers = {"X-Request-ID": self.request_id, "X-Content-Type-Options": "nosniff", **self.extra}
        if self.model:
            headers["X-Model-Version"] = self.model.version
        return headers

    def require_model(self) -> ServedModel:
        """Return the model, or raise a 503 Problem while there is none."""
        if self.model is None:
            raise Problem(503, "no model is loaded yet: try again later", headers={"Retry-After": "5"})
        return self.model

    def check_key(self, path: str, authorization: bytes | None, x_api_key: bytes | None) -> bool:
        """Tell whether a path is guarded, and note whose key it is. Raises a 401 Problem."""
        if self.service.keys.is_open(path):
            return False
        self.who = self.service.keys.who(authorization, x_api_key)
        return True

    def predict(self, columns: Columns, *, probabilities: bool) -> Prediction:
        """Run the model. Raises Problem."""
        started = perf_counter()
        prediction = self.require_model().package.engine.predict(columns, probabilities=probabilities)
        metrics.engine_took(perf_counter() - started)
        return prediction

    def crash(self, error: Exception) -> Answer:
        """Log an unexpected error with its traceback, and answer 500 without either."""
        log.error("unexpected error", request_id=self.request_id, exc_info=error)
        return Problem(500).answer(self.request_id)

    def finish(self, method: str, route: str | None, status: int) -> None:
        """Log and count this request; `route` is the pattern that matched, for a path is a client's value."""
        if self.is_finished:  # It took too long, and that is logged.
            return
        self.is_finished = True
        seconds = perf_counter() - self.started
        metrics.end(route, status, seconds, self.rows)
        self.service.log_request(
            request_id=self.request_id,
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 3),
            rows=self.rows,
            model_version=self.model.version if self.model else None,
            **({"who": self.who} if self.who else {}),
        )
