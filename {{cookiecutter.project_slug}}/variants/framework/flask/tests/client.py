"""An HTTP client that calls the application without a socket."""

import httpx
from flask import Flask


def make_client(app: Flask) -> httpx.Client:
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://testserver")
