"""The API from outside, by Flask's test client."""

import json

import pytest
from flask.testing import FlaskClient
from modelapi import Signature

from api.app import create_app
from tests.conftest import Record


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


def test_a_record_is_predicted(client: FlaskClient, record: Record) -> None:
    answer = client.post("/predict", json=record)

    assert answer.status_code == 200
    assert len(answer.get_json()["prediction"]) == 1


def test_records_are_predicted_in_order_and_in_any_format(client: FlaskClient, record: Record) -> None:
    lines = "".join(json.dumps(record) + "\n" for _ in range(3))
    answer = client.post("/predict", data=lines, headers={"Content-Type": "application/x-ndjson"})

    predictions = [json.loads(line)["prediction"] for line in answer.text.splitlines()]

    assert predictions == client.post("/predict", json=[record] * 3).get_json()["prediction"]


def test_a_record_that_does_not_fit_is_a_problem_that_says_where(client: FlaskClient, record: Record) -> None:
    answer = client.post("/predict", json={**record, "no feature": 1})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.get_json()["errors"][0]["pointer"] == "/no feature"


def test_what_is_not_there_is_a_problem_too(client: FlaskClient) -> None:
    assert client.get("/nope").get_json()["status"] == 404


def test_the_document_describes_the_model(client: FlaskClient, signature: Signature) -> None:
    document = client.get("/openapi.json").get_json()

    assert list(document["components"]["schemas"]["Record"]["properties"]) == [one.name for one in signature.features]
    assert "post" in document["paths"]["/predict"]


def test_probes_and_pages_answer(client: FlaskClient) -> None:
    for path in ("/", "/health", "/ready", "/model", "/metrics", "/docs", "/redoc"):
        assert client.get(path).status_code == 200
