"""What the API answers: an Answer, or a Problem (RFC 9457) where a request cannot be served."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from pydantic_core import to_json

JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"

# Written out, for Python 3.13 has other names than 3.11 for some.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

# What there is to say when the framework, and not a handler, refuses a request.
DETAILS = {
    400: "the request is not well-formed HTTP",
    404: "there is nothing at this path: GET / lists what there is",
    405: "this path does not take this method: the Allow header lists those it takes",
    500: "an unexpected error: the log has it under this request's id",
}


class Stream:
    """A body that is read from a file, in blocks; the file is closed at the end."""

    BLOCK = 65_536

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.tell()
        file.seek(0)

    def __iter__(self) -> Iterator[bytes]:
        with self._file:
            while block := self._file.read(self.BLOCK):
                yield block


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whatever the framework; `headers` has the content type too."""

    body: bytes | Stream
    media_type: str
    status: int = 200
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """All headers of the answer itself."""
        size = self.body.size if isinstance(self.body, Stream) else len(self.body)
        return {"Content-Type": self.media_type, "Content-Length": str(size), **self.extra}


def json_answer(content: object) -> Answer:
    """Answer 200 with JSON; NaN, which JSON does not have, is null."""
    return Answer(to_json(content, inf_nan_mode="null"), JSON)


class Problem(Exception):
    """A request that cannot be served: the status, a sentence for the client and, if they are many, all faults."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail or DETAILS.get(status, "the request cannot be served")
        self.errors = list(errors)
        self.headers = headers or {}

    def answer(self, request_id: str) -> Answer:
        """Write the problem as application/problem+json."""
        content: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:request:{request_id}",
        }
        if self.errors:
            content["errors"] = self.errors
        return Answer(to_json(content), PROBLEM, self.status, self.headers)


def body_too_large(limit: int) -> Problem:
    """Say that a body is over MAX_BODY_BYTES."""
    return Problem(413, f"the body may hold at most {limit} bytes: send fewer records at a time")
