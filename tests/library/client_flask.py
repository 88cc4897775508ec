"""An HTTP client that calls the application without a socket."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx2
from flask import Flask


class Client(httpx2.Client):
    """A client of an application, which tests may change."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        super().__init__(transport=httpx2.WSGITransport(app=self._call), base_url="http://testserver")

    def _call(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input_terminated"] = True  # As servers do that take chunked bodies.
        return self.app(environ, start_response)


def make_client(app: Flask) -> httpx2.Client:
    return Client(app)
