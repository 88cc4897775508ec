"""SageMaker's /invocations: its media types, each answered in any of them, with the numbers of POST /predict."""

import io
import json
from typing import Any

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.library.test_predict_tables import as_csv, as_lines
from tests.library.web import MakeClient, Record

pytestmark = pytest.mark.web

JSON, CSV, LINES, PARQUET = "application/json", "text/csv", "application/jsonlines", "application/x-parquet"


@pytest.fixture
def records(record: Record) -> list[Record]:
    return [record, {**record, "Age": 1.5}, record]


@pytest.fixture
def client(make: MakeClient) -> httpx2.Client:
    return make(protocols="sagemaker")


def bodies(records: list[Record]) -> dict[str, bytes]:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), file)
    return {
        JSON: json.dumps(records).encode(),
        CSV: as_csv(records).partition("\n")[2].encode(),
        LINES: as_lines(records).encode(),
        PARQUET: file.getvalue(),
    }


def read(media_type: str, body: bytes) -> list[Any]:
    if media_type == JSON:
        return json.loads(body)["prediction"]  # type: ignore[no-any-return]
    if media_type == PARQUET:
        return pq.read_table(io.BytesIO(body))["prediction"].to_pylist()  # type: ignore[no-any-return]
    return [json.loads(line)["prediction"] if media_type == LINES else int(line) for line in body.splitlines()]


@pytest.mark.parametrize("sent", [JSON, CSV, LINES, PARQUET])
def test_each_media_type_is_answered_in_any(client: httpx2.Client, records: list[Record], sent: str) -> None:
    expected = client.post("/predict", json=records).json()["prediction"]

    for accept in (None, "*/*", JSON, CSV, LINES, PARQUET):
        headers = {"Content-Type": sent} | ({"Accept": accept} if accept else {})
        answer = client.post("/invocations", content=bodies(records)[sent], headers=headers)
        of_kind = accept if accept in (JSON, CSV, LINES, PARQUET) else sent
        assert (answer.status_code, answer.headers["content-type"]) == (200, of_kind), answer.text
        assert read(of_kind, answer.content) == expected
        assert answer.headers["x-model-version"]


def test_attributes_ask_for_what_a_query_asks_for(client: httpx2.Client, records: list[Record]) -> None:
    expected = client.post("/predict?probabilities=true&warnings=true", json=records).json()
    asked_for = {"X-Amzn-SageMaker-Custom-Attributes": "probabilities=true&warnings=true&trace=1"}
    headers = {"Content-Type": CSV, "Accept": JSON, **asked_for}

    answer = client.post("/invocations", content=bodies(records)[CSV], headers=headers)

    assert answer.json() == expected


def test_the_header_line_of_a_csv_is_known(client: httpx2.Client, records: list[Record]) -> None:
    with_header, without = (
        client.post("/invocations", content=body, headers={"Content-Type": CSV})
        for body in (as_csv(records), bodies(records)[CSV])
    )

    assert with_header.status_code == 200
    assert with_header.content == without.content


def test_a_record_may_be_a_list_of_values_or_of_features(client: httpx2.Client, records: list[Record]) -> None:
    expected = client.post("/predict", json=records).json()
    lists = [list(record.values()) for record in records]
    features = [{"features": values} for values in lists]

    for rows in (records, lists, features, [records[0], lists[1], features[2]]):
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        assert client.post("/invocations", json=rows).json() == expected
        assert client.post("/invocations", json={"instances": rows}).json() == {"predictions": expected["prediction"]}
        for accept in (JSON, LINES):
            headers = {"Content-Type": LINES, "Accept": accept}
            answer = client.post("/invocations", content=lines, headers=headers)
            assert read(accept, answer.content) == expected["prediction"]
    assert client.post("/invocations", json=features[0]).json()["prediction"] == expected["prediction"][:1]


@pytest.mark.parametrize(
    ("sent", "body", "status", "said"),
    [
        (JSON, b"{", 400, "not well-formed JSON"),
        (JSON, b'{"instances": 1}', 422, '"instances" must be a list'),
        (CSV, b"1,2\n", 400, "row 1 has 2 cells: without a header line a row has one for each of Age, Sex"),
        (CSV, b'"\n', 400, "is not valid CSV"),
        (CSV, b"", 400, "the table is empty: send a row with a cell for each of Age, Sex, Embarked"),
        (JSON, b"[[24]]", 422, "there are wrong lists of values in the body"),
        (LINES, b"{}\n", 422, "see errors"),
        (LINES, b'{}\n{"features": [24]}\n', 422, "there are wrong lists of values in the body"),
        (LINES, b'[24\n"male", "S"]\n', 400, "each line of the body must be one record in JSON"),
        (LINES, b"[24,\n", 400, "not well-formed JSON"),
        (PARQUET, b"PAR1", 400, "no Parquet file"),
        ("application/x-npy", b"", 415, "send the body with the Content-Type application/json or text/csv"),
    ],
)
def test_a_refusal_is_a_problem(client: httpx2.Client, sent: str, body: bytes, status: int, said: str) -> None:
    answer = client.post("/invocations", content=body, headers={"Content-Type": sent, "Accept": JSON})

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert said in answer.json()["detail"]


def test_a_rate_is_refused_as_predict_refuses_it(make: MakeClient, records: list[Record]) -> None:
    client = make(protocols="sagemaker", rate_limit="1/hour")
    client.post("/predict", json=records)

    ours, theirs = client.post("/predict", json=records), client.post("/invocations", json=records)

    assert theirs.status_code == 429
    assert theirs.headers["Retry-After"]
    assert theirs.json().keys() == ours.json().keys()
