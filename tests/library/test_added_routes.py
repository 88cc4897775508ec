"""Routes that you add with FastAPI's own means are validated, documented and answer problems too."""

import pytest
from fastapi import APIRouter, Depends, HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from api import routes
from api.app import create_app, is_plain


@pytest.fixture
def client() -> TestClient:
    app = create_app()

    @app.get("/double")
    async def double(number: int) -> int:
        return 2 * number

    return TestClient(app)


def test_an_added_route_is_in_the_document(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    assert "/double" in document["paths"]
    assert "/predict" in document["paths"]


def test_a_wrong_parameter_of_it_is_a_problem_without_the_value(client: TestClient) -> None:
    answer = client.get("/double?number=secret")

    assert client.get("/double?number=4").json() == 8
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/query/number"
    assert "secret" not in answer.text


async def refuse() -> None:
    raise HTTPException(401)


def test_the_fast_lane_is_open_as_long_as_nothing_is_before_the_route() -> None:
    assert is_plain(create_app())


def test_a_middleware_closes_the_fast_lane() -> None:
    app = create_app()
    app.add_middleware(GZipMiddleware)

    assert not is_plain(app)


def test_a_dependency_closes_the_fast_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "router", APIRouter(dependencies=[Depends(refuse)]))
    routes.router.add_api_route("/predict", routes.predict, methods=["POST"])
    app = create_app()

    assert TestClient(app).post("/predict", json={}).status_code == 401
    assert not is_plain(app)


def test_a_route_of_yours_in_its_place_closes_the_fast_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "router", APIRouter())
    routes.router.add_api_route("/predict", refuse, methods=["POST"])

    assert not is_plain(create_app())
