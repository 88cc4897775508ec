"""Routes that you add with FastAPI's own means are validated, documented and answer problems too."""

import pytest
from starlette.testclient import TestClient

from api.app import create_app


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
