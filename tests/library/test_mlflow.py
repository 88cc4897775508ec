"""What is asked of MLflow's scoring server is answered as it answers, by /predict."""

import json
from pathlib import Path

import httpx2
import pandas as pd
import pytest
from modelapi.serving.keys import digest_of, write_entries
from modelapi.settings import SettingsError
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.web import MakeClient, Record

PATH = "/invocations"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(make: MakeClient) -> httpx2.Client:
    return make(protocols="mlflow")


@pytest.fixture
def frame(record: Record) -> pd.DataFrame:
    return pd.DataFrame([record, {**record, "Age": None, "Sex": "male"}])


@pytest.fixture
def ours(client: httpx2.Client, record: Record) -> list[object]:
    said: list[object] = client.post("/predict", json=[record, {**record, "Age": None, "Sex": "male"}]).json()[
        "prediction"
    ]
    return said


def test_a_frame_is_taken_as_pandas_writes_it(client: httpx2.Client, frame: pd.DataFrame, ours: list[object]) -> None:
    rows = frame.to_numpy().tolist()
    columns = frame.to_dict(orient="list")
    for asked in (
        {"dataframe_split": frame.to_dict(orient="split")},
        {"dataframe_split": {"data": rows}},
        {"dataframe_records": frame.to_dict(orient="records")},
        {"instances": frame.to_dict(orient="records"), "params": {}},
        {"instances": rows},
        {"inputs": columns, "params": None},
        {"inputs": rows},
    ):
        body = json.dumps(asked)  # Where gaps are NaN.
        answer = client.post(PATH, content=body.encode(), headers=JSON)
        assert (answer.status_code, answer.json()) == (200, {"predictions": ours}), body
    csv = client.post(PATH, content=frame.to_csv(index=False).encode(), headers={"Content-Type": "text/csv"})
    assert (csv.json(), csv.headers["Content-Type"]) == ({"predictions": ours}, "application/json")
    one = client.post(PATH, json={"inputs": frame.iloc[0].to_dict()})
    assert one.json() == {"predictions": ours[:1]}


def test_params_ask_for_more(client: httpx2.Client, record: Record) -> None:
    ours = client.post("/predict?probabilities=true", json=[record]).json()

    theirs = client.post(PATH, json={"dataframe_records": [record], "params": {"probabilities": True}}).json()

    assert theirs == {"predictions": [{"prediction": ours["prediction"][0], "probability": ours["probability"][0]}]}


def test_it_says_that_it_is_there(client: httpx2.Client) -> None:
    assert client.get("/ping").status_code == client.get("/health").status_code == 200
    assert client.get("/version").text.startswith("3.")


def test_deployments_have_the_names_of_manifests(
    make: MakeClient, record: Record, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    client = make(protocols="mlflow", models={"kind": save(tmp_path / "kinds", pets, pipeline, name="cats").parent})
    pet = {"fur": "short", "age": 3, "indoor": True}

    assert client.post("/endpoints/pets/invocations", json={"inputs": [record]}).status_code == 200
    assert client.post("/endpoints/cats/invocations", json={"inputs": [pet]}).json() == {"predictions": ["cat"]}
    table = client.post(
        "/endpoints/cats/invocations", content=b"fur,age,indoor\nlong,2,false\n", headers={"Content-Type": "text/csv"}
    )
    assert table.json() == {"predictions": ["dog"]}
    missing = client.post("/endpoints/other/invocations", json={"inputs": [pet]})
    assert (missing.status_code, missing.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "said"),
    [
        ("{", "application/json", 400, "the body is not well-formed JSON"),
        ('{"inputs": [{"Sex": "male", "Age": Infinity}]}', "application/json", 400, "NaN and Infinity are none"),
        ('{"inputs": [], "instances": []}', "application/json", 400, '"dataframe_split" or "dataframe_records" or'),
        ('{"dataframe_split": {"columns": ["Sex"]}}', "application/json", 400, 'of "columns", "index" and "data"'),
        ('{"dataframe_split": {"columns": ["Sex", "Sex"], "data": []}}', "application/json", 400, "different names"),
        (
            '{"dataframe_split": {"columns": ["Sex"], "data": [[]]}}',
            "application/json",
            400,
            "a list of 1 values: one for",
        ),
        ('{"dataframe_records": {"Sex": ["male"]}}', "application/json", 400, "must be a list of records"),
        ('{"inputs": [{"Sex": "x"}]}', "application/json", 400, "/0/Sex: must be one of: female, male"),
        ("Age,Sex\nold,male\n", "text/csv", 400, "/0/Age: row 1: must be a number"),
        ("Age", "text/plain", 415, "Content-Type application/json or text/csv"),
    ],
)
def test_it_is_refused_as_an_exception_of_mlflow(
    client: httpx2.Client, body: str, media_type: str, status: int, said: str
) -> None:
    answer = client.post(PATH, content=body.encode(), headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert answer.json().keys() == {"error_code", "message"}
    assert answer.json()["error_code"] == "BAD_REQUEST"
    assert said in answer.json()["message"]


@pytest.mark.usefixtures("site")
def test_it_is_not_spoken_beside_sagemaker(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.settings import Settings

    monkeypatch.setenv("PROTOCOLS", "mlflow,sagemaker")

    with pytest.raises(SettingsError, match=r"^PROTOCOLS names mlflow and sagemaker, .* name one of them"):
        Settings.load()


def test_keys_and_rates_are_refused_in_its_form_too(make: MakeClient, record: Record) -> None:
    keys = write_entries([("ada", digest_of(b"key"))])
    client = make(protocols="mlflow", api_keys=keys, rate_limit="1/hour")
    body = {"inputs": [record]}
    key = {"Authorization": "Bearer key"}

    answers = [client.post(PATH, json=body, headers=headers) for headers in ({}, key, key)]

    assert [answer.status_code for answer in answers] == [401, 200, 429]
    assert [answers[place].json()["error_code"] for place in (0, 2)] == ["UNAUTHENTICATED", "REQUEST_LIMIT_EXCEEDED"]
    assert answers[2].headers["Retry-After"]
