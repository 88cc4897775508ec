"""What the API answers: an Answer, or a Problem (RFC 9457) where a request cannot be served."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, Any, Self

from pydantic_core import to_json

JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"

# Written out, for Python 3.13 has other names than 3.11 for some.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}

# What there is to say when the framework, and not a handler, refuses a request.
DETAILS = {
    400: "the request is not well-formed HTTP",
    404: "there is nothing at this path: GET / lists what there is",
    405: "this path does not take this method: the Allow header lists those it takes",
    408: "the request did not come in time: send it faster, or in smaller parts",
    414: "the URL is too long: send data in the body",
    505: "this server speaks HTTP/1.1",
    431: "the headers are too many or too long",
    504: "this took too long: send fewer records at a time",
    500: "an unexpected error: the log has it under this request's id",
}


# What answers say that a browser may show: nothing is to be run or framed in them, nor kept by a cache.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
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
    is_data: bool = False
    """Whether it answers a POST with data, which no browser shows; the headers in SAFE would cost it 4 %."""

    @property
    def headers(self) -> dict[str, str]:
        """All headers of the answer itself."""
        size = self.body.size if isinstance(self.body, Stream) else len(self.body)
        safe = {} if self.is_data else SAFE
        return {"Content-Type": self.media_type, "Content-Length": str(size), **safe, **self.extra}


def json_answer(content: object, *, is_data: bool = False) -> Answer:
    """Answer 200 with JSON; NaN, which JSON does not have, is null."""
    return Answer(to_json(content, inf_nan_mode="null"), JSON, is_data=is_data)


def redirect(location: str) -> Answer:
    """Send a client on, this time, to a place that is told relative to the path that it asked for."""
    return Answer(b"", TEXT, 307, {"Location": location})


# What frameworks say by themselves, where the sentences in DETAILS say more.
PHRASES = frozenset(status.phrase for status in HTTPStatus) | frozenset(TITLES.values())


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

    @classmethod
    def of_http(cls, status: int, detail: str | None = None, headers: Mapping[str, str] | None = None) -> Self:
        """Take over an error of the framework: its words, if they are the owner's, and its headers."""
        kept = dict(headers or {})
        if "Allow" in kept:  # Frameworks list methods in no order.
            kept["Allow"] = ", ".join(sorted(kept["Allow"].replace(",", " ").split()))
        return cls(status, None if detail in PHRASES else detail, headers=kept)

    def answer(self, request_id: str) -> Answer:
        """Write the problem as application/problem+json."""
        return Answer(to_json(self.members(request_id)), PROBLEM, self.status, self.headers)

    def members(self, request_id: str) -> dict[str, Any]:
        """Return the members of RFC 9457."""
        content: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:request:{request_id}",
        }
        if self.errors:
            content["errors"] = self.errors
        return content


def body_too_large(limit: int) -> Problem:
    """Say that a body is over MAX_BODY_BYTES."""
    return Problem(413, f"the body may hold at most {limit} bytes: send fewer records at a time")
