"""The paths of other platforms, as Flask is asked them."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from modelapi.flask.requests import EXCHANGE, read_headers
from modelapi.protocols.translation import UNASKED, Given, Protocols, Renamed, Route, Translation
from modelapi.serving.answers import TITLES, Answer, Problem, body_too_large
from modelapi.serving.exchange import Exchange
from modelapi.serving.guard import PROBLEM, admit_in_thread

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]


class ProtocolLayer:
    """A WSGI application around that of Flask, which says in the API's own words what a platform asks."""

    def __init__(self, app: "WSGIApplication", protocols: Protocols) -> None:
        self._app = app
        self._protocols = protocols

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        route = self._protocols.find(environ.get("PATH_INFO", ""))
        if route:
            route.note(environ[EXCHANGE])
            environ["PATH_INFO"] = route.target
            if route.translation:
                return self._translate(route, route.translation, environ, start_response)
        return self._app(environ, start_response)

    def _translate(
        self, route: Route, translation: Translation, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        exchange: Exchange = environ[EXCHANGE]
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        method = "GET" if is_head else environ["REQUEST_METHOD"]
        try:
            asked = UNASKED
            if method == translation.method:
                headers = _read_headers(environ)
                given = Given(exchange, route.name, headers, query=environ.get("QUERY_STRING", ""))
                if renamed := translation.rename(given):
                    return self._rename(renamed, environ, start_response)
                route.require_key(exchange, headers)
                body = _read(environ, exchange.service.settings.max_body_bytes) if method == "POST" else b""
                asked = translation.asked(replace(given, body=body))
        except Problem as problem:
            problem = _counted(problem, route, environ)
            return _start(translation.refusal(problem, exchange.request_id), [], is_head, start_response)
        environ |= {
            "REQUEST_METHOD": asked.method or method,  # What is translated is the body.
            "PATH_INFO": asked.target or route.target,
            "wsgi.input": BytesIO(asked.body),
            "CONTENT_LENGTH": str(len(asked.body)),
            "CONTENT_TYPE": asked.media_type,
            "HTTP_ACCEPT": asked.answer_type or asked.media_type,
            "QUERY_STRING": asked.query,
        }
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        started: list[tuple[str, Headers]] = []
        written: list[bytes] = []

        def start_later(status: str, headers: Headers, *_error: Any) -> Any:
            started.append((status, headers))
            return written.append

        answered = self._app(environ, start_later)
        try:
            written.extend(answered)
        finally:
            if hasattr(answered, "close"):
                answered.close()
        status, api_headers = started[-1]
        named = {name.lower(): value for name, value in api_headers}
        said = translation.answer(asked, exchange.request_id, int(status[:3]), named, b"".join(written))
        delivered = asyncio.run(asked.deliver(said)) if asked.deliver else said
        sent = _start(delivered, api_headers, is_head, start_response)
        exchange.status = max(said.status, delivered.status)  # A refusal may be delivered as a success.
        return sent

    def _rename(self, renamed: Renamed, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start_renamed(status: str, headers: Headers, *error: Any) -> Any:
            if int(status[:3]) < 400:
                headers = [pair for pair in headers if pair[0].lower() != "content-type"]
                headers.append(("Content-Type", renamed.name))
            return start_response(status, headers, *error)

        environ |= {"CONTENT_TYPE": renamed.media_type, "HTTP_ACCEPT": renamed.answer_type}
        environ["QUERY_STRING"] = renamed.query
        return self._app(environ, start_renamed)


def _counted(problem: Problem, route: Route, environ: "WSGIEnvironment") -> Problem:
    """Count a request that is refused before the API is asked as one of the API, and return why it is refused then."""
    exchange: Exchange = environ[EXCHANGE]
    try:
        address = environ.get("REMOTE_ADDR", "")
        admit_in_thread(exchange, environ["REQUEST_METHOD"], route.target, read_headers(environ), address)
    except Problem as earlier:
        return earlier
    return problem


def _start(said: Answer, headers: Headers, is_head: bool, start_response: "StartResponse") -> list[bytes]:
    """Begin an answer of a protocol, with the headers that the API's own answer had."""
    assert isinstance(said.body, bytes)  # nosec B101 # As of each translation.
    ours = {name.lower() for name in said.headers}
    kept = [pair for pair in headers if pair[0].lower() not in ours]
    start_response(f"{said.status} {TITLES.get(said.status, 'OK')}", [*kept, *said.headers.items()])
    return [b"" if is_head else said.body]


def _read_headers(environ: "WSGIEnvironment") -> dict[bytes, bytes]:
    """Return the headers by their names in lower case."""
    found = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    found |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {name.lower().replace("_", "-").encode(): value.encode("latin-1") for name, value in found.items()}


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
