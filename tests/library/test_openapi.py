"""The OpenAPI document is valid, current, and true of the answers."""

import subprocess
import sys
from pathlib import Path

import httpx2
import yaml
from jsonschema import Draft202012Validator
from modelapi.package import Package
from modelapi.packaging.wording import with_wording
from modelapi.project import Project
from modelapi.serving.openapi import document
from modelapi.serving.predicting import COLUMNAR
from modelapi.serving.settings import Settings
from openapi_spec_validator import validate

from tests.library.web import Record


def test_the_document_is_valid_openapi(client: httpx2.Client) -> None:
    written = client.get("/openapi.json").json()

    validate(written)
    assert written["openapi"].startswith("3.1")


def test_modelapi_docs_writes_the_document_that_is_served(client: httpx2.Client, site: Path) -> None:
    subprocess.run([sys.executable, "-m", "modelapi", "docs"], cwd=site, check=True)

    written = yaml.safe_load((site / "docs" / "swagger.yaml").read_text(encoding="utf-8"))

    served = client.get("/openapi.json").json()
    operation = served["paths"]["/predict"]["post"]
    for content in (operation["requestBody"]["content"], operation["responses"]["200"]["content"]):
        for media_type in COLUMNAR:  # Which another installation need not take.
            del content[media_type]
    assert written == served
    subprocess.run([sys.executable, "-m", "modelapi", "docs", "--check"], cwd=site, check=True)


def test_the_answers_fit_their_schemas(client: httpx2.Client, current: Package, record: Record) -> None:
    written = client.get("/openapi.json").json()
    query = "?explain=true" + ("&probabilities=true" if current.signature.probabilities else "")
    answers = {
        "Record": record,
        "Prediction": client.post(f"/predict{query}", json=record).json(),
        "Ready": client.get("/ready").json(),
        "Model": client.get("/model").json(),
        "Problem": client.post("/predict", json=[]).json(),
    }

    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": written["components"]}
        Draft202012Validator(schema).validate(answer)


def test_the_examples_of_the_document_are_answered(client: httpx2.Client) -> None:
    body = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    examples = body["content"]["application/json"]["examples"]

    assert {client.post("/predict", json=example["value"]).status_code for example in examples.values()} == {200}


def test_the_two_ways_to_send_records_have_names_and_numbers_the_range_of_training(client: httpx2.Client) -> None:
    written = client.get("/openapi.json").json()

    body = written["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert [way.get("$ref", way.get("title")) for way in body["schema"]["oneOf"]] == [
        "#/components/schemas/Record",
        "List of records",
    ]
    assert written["components"]["schemas"]["Record"]["properties"]["Age"] == {
        "type": ["number", "null"],
        "description": "0.1667 to 80 in training",
        "examples": [28.0],
    }


def test_titles_units_and_what_labels_mean_are_those_of_the_project(current: Package) -> None:
    columns = {"Age": {"title": "Years of age", "unit": "years"}, "Sex": {"labels": {"female": "a woman"}}}
    columns["Survived"] = {"title": "Fate"}
    project = Project(Path(), "pets", options={"columns": columns, "labels": {"0": "died", "1": "survived"}})
    signature = with_wording(current.signature, project)

    api = document({"": signature}, Settings.model_construct())

    assert api["paths"]["/predict"]["post"]["summary"] == "Predict Fate"
    written = api["components"]["schemas"]
    age, sex = (written["Record"]["properties"][name] for name in ("Age", "Sex"))
    assert (age["title"], age["description"]) == ("Years of age", "0.1667 to 80 years in training")
    assert sex["description"] == "female is a woman"
    assert written["Prediction"]["properties"]["prediction"]["items"]["description"] == "0 is died, 1 is survived"


def test_a_boolean_is_described_by_its_type_alone(current: Package) -> None:
    target = current.signature.target.model_copy(update={"type": "boolean", "classes": [False, True]})
    signature = current.signature.model_copy(update={"target": target})

    written = document({"": signature}, Settings.model_construct())["components"]["schemas"]["Prediction"]

    assert written["properties"]["prediction"]["items"] == {"type": "boolean"}
    assert written["properties"]["probability"]["items"]["required"] == ["false", "true"]


def test_predictions_come_first_and_each_problem_has_an_example_of_its_own(client: httpx2.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    assert next(iter(paths)) == "/predict"
    assert {tag for path in paths.values() for one in path.values() for tag in one["tags"]} == {
        "Predictions",
        "Model",
        "Service",
    }
    problems = [one["content"] for status, one in paths["/predict"]["post"]["responses"].items() if status != "200"]
    examples = [one["application/problem+json"]["example"] for one in problems]
    assert len({example["detail"] for example in examples}) == len(examples)


def test_without_keys_and_limits_neither_is_described(current: Package) -> None:
    written = document({"": current.signature}, Settings.model_construct())

    assert not {"security", "securitySchemes"} & {*written, *written["components"]}
    assert not {"401", "429"} & written["paths"]["/predict"]["post"]["responses"].keys()


def test_with_keys_it_says_what_needs_one(current: Package) -> None:
    settings = Settings.model_construct(api_keys=f"ada:{'0' * 64}", public_metrics=False)

    written = document({"": current.signature}, settings)

    validate(written)
    schemes = written["components"]["securitySchemes"]
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer"}
    assert schemes["x-api-key"]["name"] == "X-API-Key"
    assert written["security"] == [{"bearer": []}, {"x-api-key": []}]
    operations = {path: one for path, methods in written["paths"].items() for one in methods.values()}
    assert {path for path, one in operations.items() if "security" not in one} == {"/predict", "/model", "/metrics"}
    assert all(("401" in one["responses"]) == ("security" not in one) for one in operations.values())


def test_with_a_limit_it_says_how_a_client_learns_of_it(current: Package) -> None:
    written = document({"": current.signature}, Settings.model_construct(rate_limit="1/minute"))

    responses = written["paths"]["/predict"]["post"]["responses"]
    assert responses["200"]["headers"].keys() >= {"RateLimit", "RateLimit-Policy"}
    assert responses["429"]["headers"].keys() == {"Retry-After", "RateLimit", "RateLimit-Policy"}
    assert responses["503"]["headers"].keys() == {"Retry-After"}
