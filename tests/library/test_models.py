"""More models than one: each has its routes and its version, and is swapped by itself."""

from pathlib import Path

import httpx2
import pandas as pd
import pytest
from modelapi.engines import Prediction
from modelapi.package import Package
from modelapi.serving.describe import LINKS
from modelapi.signature import Signature
from openapi_spec_validator import validate
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.test_metrics import value
from tests.library.web import MakeClient, Record, newest

PET: Record = {"fur": "short", "age": 3, "indoor": True}


@pytest.fixture
def folder(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Path:
    return save(tmp_path / "kinds", pets, pipeline).parent


@pytest.fixture
def client(make: MakeClient, folder: Path) -> httpx2.Client:
    return make(models={"kind": folder})


def version(folder: Path) -> str:
    return (folder / "CURRENT").read_text(encoding="utf-8").strip()


def test_each_model_answers_at_its_own_path_with_its_version(
    client: httpx2.Client, current: Package, record: Record, folder: Path
) -> None:
    first = client.post("/predict", json=record)
    second = client.post("/models/kind/predict", json=PET)

    assert (first.status_code, first.headers["x-model-version"]) == (200, current.manifest.version)
    assert (second.status_code, second.headers["x-model-version"]) == (200, version(folder))
    assert second.json() == {"prediction": ["cat"]}
    assert client.post("/models/kind/predict", json=record).status_code == 422
    assert client.post("/predict", json=PET).status_code == 422


@pytest.mark.parametrize(
    ("media_type", "body", "answer"),
    [
        ("text/csv", "fur,age,indoor\nshort,3,true\n", "prediction\ncat\n"),
        ("application/x-ndjson", '{"fur": "short", "age": 3, "indoor": true}\n', '{"prediction":"cat"}\n'),
    ],
)
def test_it_takes_tables_too(client: httpx2.Client, media_type: str, body: str, answer: str) -> None:
    assert client.post("/models/kind/predict", content=body, headers={"Content-Type": media_type}).text == answer


def test_it_is_described_where_the_first_is(client: httpx2.Client, folder: Path) -> None:
    described = client.get("/models/kind")
    document = client.get("/openapi.json").json()

    assert described.json()["signature"]["target"]["name"] == "kind"
    assert described.headers["x-model-version"] == version(folder)
    assert client.get("/").json() == {"message": "Hello, world!", **LINKS, "models/kind": "./models/kind"}
    validate(document)
    assert {"/predict", "/models/kind", "/models/kind/predict"} <= document["paths"].keys()
    assert list(document["components"]["schemas"]["Record_kind"]["properties"]) == ["fur", "age", "indoor"]
    body = document["paths"]["/models/kind/predict"]["post"]["requestBody"]
    examples = body["content"]["application/json"]["examples"].values()
    assert {client.post("/models/kind/predict", json=one["value"]).status_code for one in examples} == {200}


def test_it_is_counted_under_its_path(client: httpx2.Client) -> None:
    client.post("/models/kind/predict", json=PET)
    before = client.get("/metrics").text

    client.post("/models/kind/predict", json=[PET] * 3)

    after = client.get("/metrics").text
    route = 'http_requests_total{route="/models/kind/predict",status="200"}'
    assert value(after, route) == value(before, route) + 1
    assert value(after, "model_rows_total") == value(before, "model_rows_total") + 3


def test_it_is_swapped_by_itself(
    client: httpx2.Client, current: Package, record: Record, folder: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    before = version(folder)
    newer = save(folder, pets, pipeline).name
    assert newest().models["kind"].is_outdated()

    newest().load_outdated()

    assert not newest().models["kind"].is_outdated()
    assert client.post("/models/kind/predict", json=PET).headers["x-model-version"] == newer != before
    assert client.post("/predict", json=record).headers["x-model-version"] == current.manifest.version


def test_without_it_the_first_answers_but_the_api_is_not_ready(
    make: MakeClient, record: Record, tmp_path: Path
) -> None:
    client = make(models={"kind": tmp_path / "nothing"})

    assert client.post("/predict", json=record).status_code == 200
    for answer in (client.post("/models/kind/predict", json=PET), client.get("/models/kind"), client.get("/ready")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert client.get("/openapi.json").status_code == 200


def test_another_name_is_a_404(client: httpx2.Client) -> None:
    assert client.post("/models/other/predict", json=PET).status_code == 404
    assert client.get("/models/other").status_code == 404


def test_a_pinned_first_model_does_not_pin_the_others(make: MakeClient, folder: Path) -> None:
    client = make(models={"kind": folder}, model_sha256="0" * 64)

    assert client.post("/models/kind/predict", json=PET).status_code == 200
    assert client.get("/ready").status_code == 503


def test_what_the_owner_does_with_predictions_is_for_the_first_model(
    make: MakeClient, record: Record, folder: Path
) -> None:
    seen: list[str] = []

    def look(prediction: Prediction, signature: Signature) -> Prediction:
        seen.append(signature.target.name)
        return prediction

    client = make(models={"kind": folder}, adjust=look)
    client.post("/models/kind/predict", json=PET)
    client.post("/predict", json=record)

    assert seen == ["Survived"]
