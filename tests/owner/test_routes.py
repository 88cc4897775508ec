"""Routes, settings, log fields and a threshold of the owner's, under every entry point."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, run, succeed
from tests.owner.conftest import Api, append, edit, every_way

PREDICTIONS = {
    "application/json": b'{"prediction":[0]}',
    "text/csv": b"prediction\n0\n",
    "application/x-ndjson": b'{"prediction":0}\n',
}


def change(project: Path, framework: str) -> None:
    """Follow the README: a route, a look-up, words of one's own, a log field, a setting, a threshold."""
    routes = project / "api" / "routes.py"
    edit(
        project / "api" / "settings.py",
        'is read from PAGE_SIZE."""\n',
        'is read from PAGE_SIZE."""\n\n    page_size: int = 20\n',
    )
    edit(project / "api" / "handlers" / "adjust.py", "    return prediction\n", THRESHOLD)
    edit(routes, '    """Predict one', '    bind_contextvars(tenant="acme", rows="not ours")\n    """Predict one')
    if framework == "fastapi":
        edit(routes, "from fastapi import APIRouter\n", "from fastapi import APIRouter, HTTPException, Request\n")
        edit(routes, "Records\n", "Records\nfrom structlog.contextvars import bind_contextvars\n")
        append(routes, FASTAPI_ROUTES)
    else:
        edit(
            routes,
            "from flask import Blueprint, Response\n",
            "from flask import Blueprint, Response, abort, current_app\n",
        )
        edit(routes, "read_records, respond\n", FLASK_IMPORTS)
        append(routes, FLASK_ROUTES)


THRESHOLD = """    assert prediction.probabilities is not None
    survived = prediction.probabilities[0][:, 1] > 0.99
    return prediction.replace(labels=[survived.astype(int)])
"""
FASTAPI_ROUTES = '''

PASSENGERS = {7: {"Age": 24, "Sex": "female", "Embarked": "C"}, 8: {"Age": "unknown"}}


@router.get("/ready")
async def ready() -> dict[str, str]:
    """Say that we are ready."""
    return {"status": "open for passengers"}


@router.get("/passengers/{number}")
async def passenger(number: int) -> dict[str, object]:
    """Look a passenger up."""
    if number not in PASSENGERS:
        raise HTTPException(404, "no such passenger", headers={"X-Hint": "ask the purser"})
    return {**PASSENGERS[number]}


@router.post("/passengers/{number}/predict")
async def predict_passenger(number: int, model: CurrentModel) -> Prediction:
    """Predict a passenger that we know."""
    return await model.predict([await passenger(number)])


@router.get("/closed")
async def closed() -> None:
    """Say when to come again."""
    raise HTTPException(503, "closed for the night", headers={"Retry-After": "3600"})


@router.get("/private")
async def private() -> None:
    """Refuse."""
    raise HTTPException(401, "members only", headers={"WWW-Authenticate": "Bearer"})


@router.get("/page")
async def page(request: Request) -> dict[str, int]:
    """Tell the size of a page."""
    return {"size": request.app.state.modelapi.settings.page_size}
'''
FLASK_IMPORTS = """read_records, respond
from structlog.contextvars import bind_contextvars
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable
"""
FLASK_ROUTES = '''

PASSENGERS = {7: {"Age": 24, "Sex": "female", "Embarked": "C"}, 8: {"Age": "unknown"}}


@blueprint.get("/ready")
def ready() -> dict[str, str]:
    """Say that we are ready."""
    return {"status": "open for passengers"}


@blueprint.get("/passengers/<int:number>")
def passenger(number: int) -> dict[str, object]:
    """Look a passenger up."""
    if number not in PASSENGERS:
        response = Response("no such passenger", 404, {"X-Hint": "ask the purser"})
        abort(404, "no such passenger") if number == 9 else abort(response)
    return {**PASSENGERS[number]}


@blueprint.post("/passengers/<int:number>/predict")
def predict_passenger(number: int) -> Response:
    """Predict a passenger that we know."""
    return respond(current_model().predict([passenger(number)]))


@blueprint.get("/closed")
def closed() -> Response:
    """Say when to come again."""
    raise ServiceUnavailable("closed for the night", retry_after=3600)


@blueprint.get("/private")
def private() -> Response:
    """Refuse."""
    abort(401, "members only", www_authenticate=WWWAuthenticate("bearer"))


@blueprint.get("/page")
def page() -> dict[str, int]:
    """Tell the size of a page."""
    return {"size": current_app.extensions["modelapi"].settings.page_size}
'''

api = every_way(change, PAGE_SIZE="50")


def test_a_route_of_the_owners_is_the_one_that_answers(api: Api) -> None:
    assert api.ask("GET", "/ready").json() == {"status": "open for passengers"}


def test_words_and_headers_that_the_owner_raises_are_kept(api: Api) -> None:
    missing = api.ask("GET", "/passengers/9")
    closed = api.ask("GET", "/closed")
    private = api.ask("GET", "/private")

    assert (missing.status, missing.json()["detail"]) == (404, "no such passenger")
    assert (closed.status, closed.json()["detail"]) == (503, "closed for the night")
    assert (private.status, private.json()["detail"]) == (401, "members only")
    assert closed.headers["retry-after"] == "3600"
    assert private.headers["www-authenticate"].lower() == "bearer"
    assert {one.headers["content-type"] for one in (missing, closed, private)} == {"application/problem+json"}
    if api.framework == "fastapi":
        assert missing.headers["x-hint"] == "ask the purser"
    else:  # A whole response is the owner's, as it is.
        other = api.ask("GET", "/passengers/10")
        assert (other.status, other.headers["x-hint"], other.body) == (404, "ask the purser", b"no such passenger")


def test_a_record_that_the_owner_looks_up_is_predicted_or_refused_as_one_that_is_sent(api: Api) -> None:
    known = api.ask("POST", "/passengers/7/predict")
    broken = api.ask("POST", "/passengers/8/predict")

    assert (known.status, known.json()) == (200, {"prediction": [0]})
    assert known.headers["x-model-version"]
    assert api.line(known)["rows"] == 1
    assert broken.status == 422
    assert broken.json()["errors"][0]["pointer"] == "/0/Age"
    assert api.ask("POST", "/passengers/9/predict").json()["detail"] == "no such passenger"


def test_a_setting_of_the_owners_is_read_from_the_environment(api: Api) -> None:
    assert api.ask("GET", "/page").json() == {"size": 50}


def test_log_fields_that_a_route_binds_are_in_its_line_alone(api: Api) -> None:
    bound = [api.line(answer) for answer in api.predict().values()]
    other = api.line(api.ask("GET", "/health"))

    assert {(line["tenant"], line["rows"]) for line in bound} == {("acme", 1)}
    assert "tenant" not in other


def test_a_threshold_holds_in_every_format(api: Api) -> None:
    assert {kind: answer.body for kind, answer in api.predict().items()} == PREDICTIONS


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_scores_documents_and_the_projects_own_tests_follow_the_edits(own: Callable[..., Path], framework: str) -> None:
    project = own(framework, change)
    (project / "rows.csv").write_text("Age,Sex,Embarked\n24,female,C\n", encoding="utf-8")

    succeed("make", "score", "INPUT=rows.csv", "OUTPUT=scored.csv", cwd=project)
    before = run(".venv/bin/python", "-m", "pytest", "-q", "tests/test_project.py", "-k", "swagger", cwd=project)
    succeed("make", "docs", cwd=project)
    succeed(".venv/bin/python", "-m", "pytest", "-q", "tests/test_project.py", "tests/test_api.py", cwd=project)

    assert (project / "scored.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[-1] == "0"
    document = (project / "docs" / "swagger.yaml").read_text(encoding="utf-8")
    if framework == "fastapi":  # Which describes routes of the owner's too.
        assert before.returncode == 1
        assert "docs/swagger.yaml is stale" in before.stdout
        assert "\n  /passengers/{number}/predict:\n" in document
    assert "\n  /predict:\n" in document


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_wrong_value_of_an_own_setting_stops_the_start_with_one_line(
    own: Callable[..., Path], framework: str
) -> None:
    project = own(framework, change)
    path = f"{project}/.venv/bin:/usr/bin:/bin"

    done = run("bin/run.sh", cwd=project, PAGE_SIZE="many", PATH=path)

    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line.startswith("Not started: PAGE_SIZE has a value that is not allowed: it must be ")
    assert "many" not in line


def test_an_own_route_is_described_where_fastapi_describes_its_own(own: Callable[..., Path]) -> None:
    project = own("fastapi", change)
    script = "import json; from api.app import create_app; print(json.dumps(create_app().openapi()))"

    paths = json.loads(succeed(".venv/bin/python", "-c", script, cwd=project, LOG_LEVEL="error"))["paths"]

    assert {"/passengers/{number}", "/page", "/predict", "/health"} <= set(paths)
    assert paths["/page"]["get"]["summary"] == "Page"
