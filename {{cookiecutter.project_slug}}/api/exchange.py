"""One request and its answer: what goes with them through the framework, and the line that is logged."""

import re
import uuid
from time import perf_counter

from api.answers import Answer, Problem
from api.logs import get_logger
from api.service import ServedModel

log = get_logger("api.request")

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Exchange:
    """A request under way: its id, the model that was current when it came, and how many rows it holds."""

    __slots__ = ("model", "request_id", "rows", "started")

    def __init__(self, request_id: str | None, model: ServedModel | None) -> None:
        """Take over the client's request id if it is sane, else make one."""
        self.request_id = request_id if request_id and SANE_ID.fullmatch(request_id) else uuid.uuid4().hex
        self.model = model
        self.rows = 0
        self.started = perf_counter()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that are on every answer."""
        headers = {"X-Request-ID": self.request_id}
        if self.model:
            headers["X-Model-Version"] = self.model.version
        return headers

    def require_model(self) -> ServedModel:
        """Return the model, or raise a 503 Problem while there is none."""
        if self.model is None:
            raise Problem(503, "no model is loaded yet: try again later", headers={"Retry-After": "5"})
        return self.model

    def crash(self, error: Exception) -> Answer:
        """Log an unexpected error with its traceback, and answer 500 without either."""
        log.error("unexpected error", request_id=self.request_id, exc_info=error)
        return Problem(500).answer(self.request_id)

    def finish(self, method: str, route: str | None, status: int) -> None:
        """Log the line of this request; `route` is the pattern that matched, for a path is a client's value."""
        log.info(
            "request",
            request_id=self.request_id,
            method=method,
            route=route,
            status=status,
            duration_ms=round((perf_counter() - self.started) * 1000, 3),
            rows=self.rows,
            model_version=self.model.version if self.model else None,
        )
