"""What is asked of the inference server of Azure ML, and of its endpoints of MLflow models, is answered by /predict."""

import httpx2
import pytest

from tests.library.web import MakeClient, Record

PATH = "/score"


@pytest.fixture
def client(make: MakeClient) -> httpx2.Client:
    return make(protocols="azure")


def test_a_table_is_taken_as_the_platform_sends_it(client: httpx2.Client, record: Record) -> None:
    records = [record, {**record, "Sex": "male"}]
    rows = [list(one.values()) for one in records]
    split = {"columns": list(record), "index": [0, 1], "data": rows}
    ours = client.post("/predict?probabilities=true", json=records).json()

    for body in (
        {"input_data": split},
        {"input_data": records, "params": {}},
        {"input_data": {name: [one[name] for one in records] for name in record}},
        {"data": records},
        {"data": rows},
        records,
    ):
        answer = client.post(PATH, json=body)
        assert (answer.status_code, answer.json()) == (200, ours["prediction"])
    more = client.post(PATH, json={"input_data": split, "params": {"probabilities": True}}).json()
    assert [one["probability"] for one in more] == ours["probability"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "the body is not well-formed JSON"),
        (b'{"Sex": "male"}', 422, 'an object with "input_data" or "data", or a list of records'),
        (b'{"input_data": "male"}', 422, '"input_data" must be a list of records, or of lists of values'),
        (b'{"data": [["male"]]}', 422, "/0: must be a record, or a list of 3 values: Age, Sex, Embarked"),
        (b'[{"Sex": "x"}]', 422, "/0/Sex: must be one of: female, male"),
    ],
)
def test_it_is_refused_in_its_form(client: httpx2.Client, body: bytes, status: int, said: str) -> None:
    answer = client.post(PATH, content=body)

    assert answer.status_code == status
    assert answer.json().keys() == {"message"}
    assert said in answer.json()["message"]
