"""The paths of other platforms, as Flask is asked them."""

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from modelapi.flask.requests import EXCHANGE, read_headers
from modelapi.protocols import Route, Translation
from modelapi.serving.answers import JSON, TITLES, Problem, body_too_large
from modelapi.serving.exchange import Exchange
from modelapi.serving.guard import PROBLEM
from modelapi.serving.negotiation import require_media_type

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]


class ProtocolLayer:
    """A WSGI application around that of Flask, which says in the API's own words what a platform asks."""

    def __init__(self, app: "WSGIApplication", routes: dict[str, Route]) -> None:
        self._app = app
        self._routes = routes

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        route = self._routes.get(environ.get("PATH_INFO", ""))
        if route:
            environ["PATH_INFO"] = route.target
            if route.translation and environ["REQUEST_METHOD"] == "POST":
                return self._translate(route.translation, environ, start_response)
        return self._app(environ, start_response)

    def _translate(
        self, translation: Translation, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        exchange: Exchange = environ[EXCHANGE]
        try:
            given = environ.get
            who = read_headers(environ)
            # Before a body is read, as the API itself does.
            exchange.service.keys.principal(who.get(b"authorization"), who.get(b"x-api-key"))
            require_media_type(given("CONTENT_TYPE"), given("HTTP_CONTENT_ENCODING"), [JSON])
            query, body = translation.read(_read(environ, exchange.service.settings.max_body_bytes))
        except Problem as problem:
            refused = translation.refusal(problem, exchange.request_id)
            assert isinstance(refused.body, bytes)  # nosec B101 # As of each refusal.
            start_response(f"{refused.status} {TITLES.get(refused.status, 'Error')}", list(refused.headers.items()))
            return [refused.body]
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "QUERY_STRING": query}
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        started: list[tuple[str, Headers]] = []
        written: list[bytes] = []

        def start_later(status: str, headers: Headers, *_error: Any) -> Any:
            started.append((status, headers))
            return written.append

        said = self._app(environ, start_later)
        try:
            written.extend(said)
        finally:
            if hasattr(said, "close"):
                said.close()
        status, headers = started[-1]
        answered = translation.write(int(status[:3]), b"".join(written))
        kept = [pair for pair in headers if pair[0].lower() not in ("content-type", "content-length")]
        start_response(status, [*kept, ("Content-Type", JSON), ("Content-Length", str(len(answered)))])
        return [answered]


def _read(environ: "WSGIEnvironment", limit: int) -> bytes:
    """Read the body. Raises a 400 or 413 Problem."""
    if problem := environ.get(PROBLEM):
        raise problem
    try:
        body = get_input_stream(environ, max_content_length=limit).read(limit + 1)
    except RequestEntityTooLarge:
        raise body_too_large(limit) from None
    except Exception:  # Each server has its own for a client that is gone, or chunks that are no chunks.
        raise Problem(400) from None
    if len(body) > limit:
        raise body_too_large(limit)
    return body
