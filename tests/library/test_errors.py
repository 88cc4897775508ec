"""Errors that no handler raises: all of them are problems, none of them tells too much."""

import json

import httpx2
import pytest
from modelapi.package import Package

from tests.library.web import MakeClient, Record


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/predict/", 404),
        ("GET", "//health", 404),
        ("GET", "/predict", 405),
        ("POST", "/health", 405),
        ("OPTIONS", "/predict", 405),
        ("DELETE", "/", 405),
    ],
)
def test_what_there_is_not_is_a_problem(client: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, f"http://testserver{path}", headers={"X-Request-ID": "an-id"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert list(content) == ["type", "title", "status", "detail", "instance"]
    assert (content["status"], content["instance"]) == (status, "urn:request:an-id")


def test_a_405_lists_the_methods(client: httpx2.Client) -> None:
    assert client.get("/predict").headers["allow"] == "POST"
    assert client.post("/health").headers["allow"] == "GET, HEAD"


def test_a_crash_is_a_500_and_its_message_is_not_logged(
    make: MakeClient,
    current: Package,
    record: Record,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def crash(*_: object, **__: object) -> None:
        value = "of the client"
        raise RuntimeError(value)

    client = make()
    monkeypatch.setattr(type(current.engine), "predict", crash)
    capsys.readouterr()

    answer = client.post("/predict", json=record, headers={"X-Request-ID": "bad-day"})

    assert answer.status_code == 500
    assert answer.json()["detail"].startswith("an unexpected error")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    crashed, finished = [line for line in lines if line.get("request_id") == "bad-day"]
    assert crashed["error"] == "RuntimeError"
    assert "in crash" in crashed["traceback"]
    assert (finished["status"], finished["route"]) == (500, "/predict")
    assert "RuntimeError: of the client" not in json.dumps(crashed)
