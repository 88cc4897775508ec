"""An HTTP client that calls the application without a socket."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx2
from flask import Flask


def make_client(app: Flask) -> httpx2.Client:
    def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input_terminated"] = True  # As servers do that take chunked bodies.
        return app(environ, start_response)

    return httpx2.Client(transport=httpx2.WSGITransport(app=wsgi), base_url="http://testserver")
