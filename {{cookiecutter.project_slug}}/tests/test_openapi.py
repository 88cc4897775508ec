"""The OpenAPI document is valid, current, and true of the answers."""

import httpx2
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from model.package import Package
from steps.docs import SWAGGER, render
from tests.conftest import Record


def test_the_document_is_valid_openapi(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()

    validate(document)
    assert document["openapi"].startswith("3.1")


def test_swagger_yaml_is_not_stale(current: Package) -> None:
    written = yaml.safe_load(SWAGGER.read_text(encoding="utf-8"))

    assert written == yaml.safe_load(render(current.signature)), 'docs/swagger.yaml is stale: run "make docs"'


def test_the_answers_fit_their_schemas(client: httpx2.Client, current: Package, record: Record) -> None:
    document = client.get("/openapi.json").json()
    query = "?probabilities=true" if current.signature.probabilities else ""
    answers = {
        "Record": record,
        "Prediction": client.post(f"/predict{query}", json=record).json(),
        "Ready": client.get("/ready").json(),
        "Model": client.get("/model").json(),
        "Problem": client.post("/predict", json=[]).json(),
    }

    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(answer)


def test_the_examples_of_the_document_are_answered(client: httpx2.Client) -> None:
    body = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    examples = body["content"]["application/json"]["examples"]

    assert {client.post("/predict", json=example["value"]).status_code for example in examples.values()} == {200}
