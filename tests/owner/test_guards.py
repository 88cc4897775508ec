"""Keys, rates and CORS hold under every entry point, and all errors leave in the shape that the owner gave them."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.owner.conftest import PASSENGER, Api, append, every_way, open_api
from tests.server import ENTRIES

JSON = {"Content-Type": "application/json"}
PAGE = "https://page.example"
KEYS = {name: {"X-API-Key": f"mapi_{name}"} for name in ("ada", "bob")}
SETTINGS = {
    "API_KEYS": ",".join(f"{name}:{sha256(f'mapi_{name}'.encode()).hexdigest()}" for name in KEYS),
    "RATE_LIMIT": "30/hour",
    "CORS_ORIGINS": PAGE,
    "MAX_BODY_BYTES": "1000",
}


def reshape(project: Path, framework: str) -> None:
    """Write errors.py anew, with another shape and another media type, and add a route that fails."""
    errors, crash = SHAPES[framework]
    (project / "api" / "errors.py").write_text(errors, encoding="utf-8")
    append(project / "api" / "routes.py", crash)


SHAPES = {
    "fastapi": (
        '''"""Every error leaves in the shape of our house."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from modelapi import Problem
from starlette.exceptions import HTTPException


def register(app: FastAPI) -> None:
    """Add the handlers to the application."""
    app.add_exception_handler(Problem, refusal)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(Exception, crash)


async def refusal(_request: Request, error: Problem) -> JSONResponse:
    """Answer what modelapi refuses."""
    return oops(error.status, error.detail, error.headers)


async def http_exception(_request: Request, error: HTTPException) -> JSONResponse:
    """Answer what FastAPI refuses."""
    return oops(error.status_code, error.detail, error.headers)


async def crash(_request: Request, _error: Exception) -> JSONResponse:
    """Answer a bug."""
    return oops(500, "we are sorry")


def oops(status: int, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Write an error."""
    return JSONResponse({"oops": words, "code": status}, status, headers, media_type="application/vnd.oops+json")
''',
        '''

@router.get("/crash")
async def crash() -> None:
    """Fail."""
    raise RuntimeError(" ".join(["a", "secret"]))
''',
    ),
    "flask": (
        '''"""Every error leaves in the shape of our house."""

from flask import Blueprint, Response, json
from modelapi import Problem
from werkzeug.exceptions import HTTPException

blueprint = Blueprint("errors", __name__)


@blueprint.app_errorhandler(Problem)
def refusal(error: Problem) -> Response:
    """Answer what modelapi refuses."""
    return oops(error.status, error.detail, error.headers)


@blueprint.app_errorhandler(HTTPException)
def http_exception(error: HTTPException) -> Response:
    """Answer what Flask refuses, and a bug."""
    return oops(error.code, error.description, dict(error.get_headers()))


def oops(status: int, words: str, headers: dict[str, str]) -> Response:
    """Write an error."""
    response = Response(json.dumps({"oops": words, "code": status}), status, headers)
    response.content_type = "application/vnd.oops+json"
    return response
''',
        '''

@blueprint.get("/crash")
def crash() -> Response:
    """Fail."""
    raise RuntimeError(" ".join(["a", "secret"]))
''',
    ),
}

api = every_way(reshape, **SETTINGS)


def test_all_errors_have_the_shape_that_the_owner_gave_them(api: Api) -> None:
    ada = KEYS["ada"]
    cases = {
        400: ("POST", "/predict", {**ada, **JSON}, b"{"),
        401: ("POST", "/predict", JSON, json.dumps(PASSENGER).encode()),
        404: ("GET", "/nope", ada, None),
        405: ("GET", "/predict", ada, None),
        406: ("POST", "/predict", {**ada, **JSON, "Accept": "image/png"}, json.dumps(PASSENGER).encode()),
        413: ("POST", "/predict", {**ada, **JSON}, b" " * 1_001),
        415: ("POST", "/predict", {**ada, "Content-Type": "text/plain"}, b"a passenger"),
        422: ("POST", "/predict", {**ada, **JSON}, b'{"Age": "old"}'),
        500: ("GET", "/crash", ada, None),
    }

    answers = {status: api.ask(*case) for status, case in cases.items()}

    assert {status: answer.status for status, answer in answers.items()} == {status: status for status in cases}
    for status, answer in answers.items():
        assert answer.headers["content-type"] == "application/vnd.oops+json", status
        assert (answer.json()["code"], set(answer.json())) == (status, {"oops", "code"})
        assert b"secret" not in answer.body
        assert answer.headers["x-request-id"]
    assert answers[401].headers["www-authenticate"] == "Bearer"
    assert answers[405].headers["allow"].split(", ")[-1] == "POST"


def test_a_bug_of_the_owners_is_in_the_log_under_the_id_of_the_answer(api: Api) -> None:
    lines = api.lines(api.ask("GET", "/crash", KEYS["ada"]))

    (bug,) = (line for line in lines if line["event"] == "unexpected error")
    assert bug["error"] == "RuntimeError"
    assert "routes.py" in bug["traceback"]
    assert not [line for line in lines if "a secret" in str(line)]


def test_a_key_opens_every_format_and_its_owner_is_in_the_log(api: Api) -> None:
    assert {answer.status for answer in api.predict().values()} == {401}

    answers = api.predict(KEYS["ada"]).values()

    assert {answer.status for answer in answers} == {200}
    assert {api.line(answer)["principal"] for answer in answers} == {"ada"}


def test_pages_of_the_origins_named_may_call(api: Api) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}

    before = api.ask("OPTIONS", "/predict", asks)
    refused = api.ask("POST", "/predict", {**JSON, "Origin": PAGE}, b"{}")
    other = api.ask("GET", "/health", {"Origin": "https://other.example"})

    assert before.status == 200
    assert "POST" in before.headers["access-control-allow-methods"]
    assert refused.status == 401
    assert before.headers["access-control-allow-origin"] == refused.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in other.headers


def test_each_key_has_its_rate_in_the_shape_of_all_errors(api: Api) -> None:
    body = json.dumps(PASSENGER).encode()
    statuses = [api.ask("POST", "/predict", {**KEYS["bob"], **JSON}, body).status for _ in range(30)]

    refused = api.ask("POST", "/predict", {**KEYS["bob"], **JSON}, body)

    assert statuses == [200] * 30
    assert (refused.status, refused.headers["content-type"]) == (429, "application/vnd.oops+json")
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"]
    assert api.ask("GET", "/health", KEYS["bob"]).status == 200


def test_fastapi_run_finds_the_application_with_all_its_guards(
    own: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tuple("run" if part == "dev" else part for part in ENTRIES["fastapi"]["fastapi"] if "reload" not in part)
    monkeypatch.setitem(ENTRIES["fastapi"], "run", command)

    with open_api(own("fastapi"), "fastapi", "run", **SETTINGS) as api:
        assert {answer.status for answer in api.predict().values()} == {401}
        answers = api.predict({**KEYS["ada"], "Origin": PAGE}).values()

    assert {answer.status for answer in answers} == {200}
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {PAGE}
    assert all(answer.headers["ratelimit"] for answer in answers)
