"""An HTTP client that calls the application without a socket."""

import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient


def make_client(app: FastAPI) -> httpx2.Client:
    return TestClient(app)
