"""What is around all of the application: each request has an Exchange, each answer its headers, and both a log line."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from modelapi.flask.requests import EXCHANGE
from modelapi.serving.exchange import Exchange
from modelapi.serving.service import Service
from modelapi.serving.tracing import tracing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ExchangeLayer:
    """A WSGI application around that of Flask."""

    def __init__(self, app: "WSGIApplication", flask: Flask, service: Service) -> None:
        self._app = app
        self._flask = flask
        self._service = service

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        exchange = Exchange(environ.get("HTTP_X_REQUEST_ID"), self._service)
        if self._service.cors.is_open:
            exchange.extra = self._service.cors.headers(environ.get("HTTP_ORIGIN", "").encode("latin-1"))
        if root := self._service.settings.root_path:  # Which the proxy in front passes on, or not.
            environ["SCRIPT_NAME"] = root
            path = environ.get("PATH_INFO", "")
            exchange.is_bare_prefix = path == root
            if path == root or path.startswith(f"{root}/"):
                environ["PATH_INFO"] = path.removeprefix(root) or "/"
        environ[EXCHANGE] = exchange
        if tracing.spans or "HTTP_TRACEPARENT" in environ:
            exchange.trace = tracing.begin(
                lambda name: environ.get(f"HTTP_{name.upper().replace('-', '_')}"),
                environ["REQUEST_METHOD"],
                environ["wsgi.url_scheme"],
                self._flask,
            )

        def start_with_headers(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            exchange.begin_answer(int(status[:3]))
            return start_response(status, [*headers, *exchange.headers.items()], *error)

        try:
            return self._app(environ, start_with_headers)
        finally:
            exchange.finish(environ["REQUEST_METHOD"], exchange.status or 500)
