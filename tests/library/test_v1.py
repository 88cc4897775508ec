"""Clients of KServe V1 and of TensorFlow Serving are answered by their paths, in their forms, what /predict says."""

from pathlib import Path

import httpx2
import pandas as pd
import pytest
from modelapi.package import Package
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.web import MakeClient, Record

PATH = "/v1/models/pets"
PREDICT = f"{PATH}:predict"


@pytest.fixture
def client(make: MakeClient) -> httpx2.Client:
    return make(protocols="v1")


@pytest.fixture
def records(record: Record) -> list[Record]:
    return [record, {**record, "Sex": "male"}]


def test_models_are_listed_and_described(client: httpx2.Client, current: Package) -> None:
    version = current.manifest.version
    status = client.get(PATH).json()
    metadata = client.get(f"{PATH}/versions/{version}/metadata").json()

    assert client.get("/v1/models").json() == {"models": ["pets"]}
    assert (status["name"], status["ready"]) == ("pets", True)
    assert [(one["version"], one["state"]) for one in status["model_version_status"]] == [(version, "AVAILABLE")]
    assert client.get(f"{PATH}/versions/{version}").json() == status
    assert metadata["model_spec"] == {"name": "pets", "signature_name": "", "version": version}
    said = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert {name: tensor["dtype"] for name, tensor in said["inputs"].items()} == {
        "Age": "DT_DOUBLE",
        "Sex": "DT_STRING",
        "Embarked": "DT_STRING",
    }
    assert said["outputs"]["prediction"]["dtype"] == "DT_INT64"


def test_instances_are_objects_or_lists_in_the_order_of_the_signature(
    client: httpx2.Client, current: Package, records: list[Record]
) -> None:
    ours = client.post("/predict", json=records).json()["prediction"]
    names = [feature.name for feature in current.signature.features]
    rows = [[record[name] for name in names] for record in records]
    columns = {name: [record[name] for record in records] for name in names}
    versioned = f"{PATH}/versions/{current.manifest.version}:predict"

    for path in (PREDICT, versioned):
        answer = client.post(path, json={"signature_name": "serving_default", "instances": records})
        assert answer.json() == {"predictions": ours}
        assert answer.headers["X-Model-Version"] == current.manifest.version
    assert client.post(PREDICT, json={"instances": rows}).json() == {"predictions": ours}
    assert client.post(PREDICT, json={"inputs": columns}).json() == {"outputs": ours}
    # As curl sends what it is given by -d.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(PREDICT, content=b'{"instances": [{"Sex": "male"}]}', headers=form).status_code == 200


def test_more_is_answered_where_it_is_asked_for(client: httpx2.Client, records: list[Record]) -> None:
    ours = client.post("/predict?probabilities=true", json=records).json()
    asked = {"parameters": {"probabilities": True}}
    columns = {name: [record[name] for record in records] for name in records[0]}

    theirs = client.post(PREDICT, json={"instances": records, **asked}).json()["predictions"]

    assert [entry["probability"] for entry in theirs] == ours["probability"]
    assert client.post(PREDICT, json={"inputs": columns, **asked}).json() == {"outputs": ours}


def test_a_second_model_has_the_name_of_its_manifest(
    make: MakeClient, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    client = make(protocols="v1", models={"kind": save(tmp_path / "kinds", pets, pipeline, name="cats").parent})
    pet = {"fur": "short", "age": 3, "indoor": True}

    assert client.get("/v1/models").json() == {"models": ["pets", "cats"]}
    assert client.post("/v1/models/cats:predict", json={"instances": [pet]}).json() == {"predictions": ["cat"]}
    assert client.post(PREDICT, json={"instances": [pet]}).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (PREDICT, "{", 400, "the body is not well-formed JSON"),
        (PREDICT, '{"instances": [{"Sex": NaN}]}', 400, "the body is not well-formed JSON"),
        (PREDICT, '{"instances": [], "inputs": {}}', 400, 'an object with "instances", a list of records, or with'),
        (PREDICT, '{"instances": {"Sex": "male"}}', 400, '"instances" must be a list of records'),
        (PREDICT, '{"instances": [[1], [24, "male", "C"]]}', 400, "/0: must be a record, or a list of 3 values: Age,"),
        (
            PREDICT,
            '{"inputs": {"Age": [1], "Sex": ["male", "male"]}}',
            400,
            "a list for each column, all of one length",
        ),
        (PREDICT, '{"inputs": {"Age": 1, "Sex": ["male"]}}', 400, "a list for each column, all of one length"),
        (PREDICT, '{"instances": [{"Sex": "x"}]}', 400, "/0/Sex: must be one of: female, male"),
        (PREDICT, '{"instances": [], "parameters": {"shares": true}}', 400, "an object of probabilities, warnings"),
        ("/v1/models/SECRET:predict", "{}", 404, "there is no such model or path: GET /v1/models lists the models"),
        (f"{PATH}/versions/7:predict", "{}", 404, "this version is not served: leave it out of the path, or ask for"),
        (f"{PATH}:classify", "{}", 404, "there is no such model or path"),
        (PATH, "{}", 405, "this path does not take this method"),
    ],
)
def test_it_is_refused_in_its_form(client: httpx2.Client, path: str, body: str, status: int, said: str) -> None:
    answer = client.post(path, content=body.encode())

    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    assert said in answer.json()["error"]
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"Sex": ["male"] * 20_001}, "a request may hold at most 20000 records: send fewer at a time"),
        ({"x" * 1_000: ["male"] * 20_000}, "the body may hold at most 1000000 bytes: send fewer records at a time"),
    ],
)
def test_names_are_not_written_to_more_records_than_there_is_room_for(
    make: MakeClient, inputs: dict[str, list[str]], said: str
) -> None:
    client = make(protocols="v1", max_rows=20_000, max_body_bytes=1_000_000)

    answer = client.post(PREDICT, json={"inputs": inputs})

    assert (answer.status_code, answer.json()) == (413, {"error": said})
