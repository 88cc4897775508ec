"""An HTTP client that calls the application without a socket."""

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient


def make_client(app: FastAPI) -> httpx.Client:
    return TestClient(app)
