"""POST /predict: what is answered, and what is refused with which status."""

import json

import httpx2
import pytest
from modelapi import outputs
from modelapi.engines import Wanted
from modelapi.package import Package
from modelapi.records.columns import Columns
from modelapi.records.parser import RecordParser
from modelapi.serving.predicting import MEDIA_TYPES
from modelapi.signature import label_name

from tests.library.web import MakeClient, Record

JSON = {"Content-Type": "application/json"}


def columns(package: Package, records: list[Record]) -> Columns:
    return RecordParser(package.signature, max_rows=len(records)).parse_json(json.dumps(records).encode())


def test_a_list_of_records_is_answered_in_order_as_the_engine_does(
    client: httpx2.Client, current: Package, record: Record
) -> None:
    nulls: Record = {name: value for name, value in record.items() if not nullable(current, name)}
    records = [record, nulls, record]

    content = client.post("/predict", json=records).json()

    prediction = current.engine.predict(columns(current, records))
    assert content == {"prediction": outputs.predictions(prediction, current.signature)}


def nullable(package: Package, name: str) -> bool:
    return next(feature.nullable for feature in package.signature.features if feature.name == name)


def test_one_record_is_a_list_of_one(client: httpx2.Client, record: Record) -> None:
    one = client.post("/predict", json=record)

    assert one.content == client.post("/predict", json=[record]).content
    assert len(one.json()["prediction"]) == 1


def test_ten_thousand_records_are_answered(client: httpx2.Client, record: Record) -> None:
    content = client.post("/predict", json=[record] * 10_000).json()

    assert len(content["prediction"]) == 10_000


def test_probabilities_are_those_of_the_engine(client: httpx2.Client, current: Package, record: Record) -> None:
    answer = client.post("/predict?probabilities=true", json=[record])

    if not current.signature.probabilities:
        assert answer.status_code == 422
        return
    prediction = current.engine.predict(columns(current, [record]), Wanted(probabilities=True))
    assert answer.json()["probability"] == outputs.probabilities(prediction, current.signature)


def test_labels_are_named_as_json_writes_them() -> None:
    assert [label_name(label) for label in (True, 0, 1.5, "cat")] == ["true", "0", "1.5", "cat"]


@pytest.mark.parametrize("query", ["probabilities=yes", "probabilities=", "probabilities=true&probabilities=1"])
def test_a_wrong_query_parameter_is_a_422(client: httpx2.Client, record: Record, query: str) -> None:
    answer = client.post(f"/predict?{query}", json=record)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "probabilities must be true or false"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2",
        b'{"a": NaN}',
        b"[Infinity]",
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b"[{}] x",
    ],
)
def test_what_is_no_json_is_a_400(client: httpx2.Client, body: bytes) -> None:
    answer = client.post("/predict", content=body, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("the body is not valid JSON")


def test_nan_is_named_with_what_to_send_instead(client: httpx2.Client, record: Record) -> None:
    body = json.dumps(dict.fromkeys(record, float("nan")))

    answer = client.post("/predict", content=body, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(": NaN and Infinity are none, send null for what is not known")


@pytest.mark.parametrize("one", [True, False])
def test_a_byte_order_mark_before_json_is_read_over(client: httpx2.Client, record: Record, one: bool) -> None:
    body = json.dumps(record if one else [record])

    answer = client.post("/predict?warnings=true", content=f"\ufeff{body}".encode(), headers=JSON)

    assert answer.status_code == 200
    assert answer.content == client.post("/predict?warnings=true", content=body, headers=JSON).content


def test_many_records_are_answered_as_few_are(client: httpx2.Client, current: Package, record: Record) -> None:
    numbers = [feature for feature in current.signature.features if feature.type == "number"]
    far = {feature.name: float(feature.maximum or 0) + 1 for feature in numbers}
    query = f"warnings=true&probabilities={str(current.signature.probabilities).lower()}"
    few = client.post(f"/predict?{query}", json=[record, {**record, **far}]).json()

    many = client.post(f"/predict?{query}", json=[record, {**record, **far}] * 10_500).json()

    assert many["prediction"] == few["prediction"] * 10_500
    assert many.get("probability") == (few["probability"] * 10_500 if "probability" in few else None)
    pointers = [warning["pointer"] for warning in many["warnings"]]
    assert pointers == [f"/{2 * row + 1}/{feature.name}" for row in range(1_000) for feature in numbers][:1_000]


def test_a_record_that_is_too_long_is_a_413(client: httpx2.Client, record: Record) -> None:
    long = {**record, "x": [1] * 60_000}

    for content in (long, [long], [record, long, record]):
        answer = client.post("/predict", json=content)

        assert answer.status_code == 413
        assert answer.json()["detail"] == "a record may hold at most 1000000 bytes and 20000 values"


def test_every_fault_is_reported_at_once_with_a_pointer(
    client: httpx2.Client, current: Package, record: Record
) -> None:
    wrong = {name: {"not": "a scalar"} for name in record}

    answer = client.post("/predict", json=[record, wrong, {**record, "no such/field": 1}])

    assert answer.status_code == 422
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert len(pointers) == len(current.signature.features) + 1
    assert pointers[-1] == "/2/no such~1field"
    assert all(pointer.startswith("/1/") for pointer in pointers[:-1])
    assert all(error["detail"] for error in answer.json()["errors"])


@pytest.mark.parametrize("content", [[], 3, None, "text", [[]], [None]])
def test_what_holds_no_record_is_a_422(client: httpx2.Client, content: object) -> None:
    assert client.post("/predict", content=json.dumps(content), headers=JSON).status_code == 422


def test_values_are_never_echoed(client: httpx2.Client, record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "s3cret-value"

    answer = client.post("/predict", json={**dict.fromkeys(record, secret), "x" * 200: secret})

    assert answer.status_code in (200, 422)
    assert secret not in answer.text
    assert "x" * 200 not in answer.text
    assert secret not in capsys.readouterr().out


def test_no_answer_to_a_fault_is_long(client: httpx2.Client, record: Record) -> None:
    keys = {f"{number:05}{'~' * 95}": 1 for number in range(9_000)}

    for content in ({**record, **keys}, [keys], [1] * 9_000, [{}] * 9_000, [{name: [] for name in record}] * 9_000):
        answer = client.post("/predict", json=content)

        assert answer.status_code == 422
        assert len(answer.content) < 256_000


def test_too_many_records_are_a_413(make: MakeClient, record: Record) -> None:
    client = make(max_rows=2)

    assert client.post("/predict", json=[record] * 2).status_code == 200
    assert client.post("/predict", json=[record] * 3).status_code == 413


def test_a_body_over_the_limit_is_a_413(make: MakeClient) -> None:
    client = make(max_body_bytes=10)

    answer = client.post("/predict", content=b" " * 11, headers=JSON)

    assert answer.status_code == 413
    assert answer.json()["detail"] == "the body may hold at most 10 bytes: send fewer records at a time"


def test_a_chunked_body_over_the_limit_is_a_413_too(make: MakeClient) -> None:
    client = make(max_body_bytes=10)

    answer = client.post("/predict", content=iter([b" " * 6, b" " * 6]), headers=JSON)

    assert answer.status_code == 413


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/jsonx", ""])
def test_another_media_type_is_a_415_that_names_ours(client: httpx2.Client, media_type: str) -> None:
    answer = client.post("/predict", content=b"{}", headers={"Content-Type": media_type})

    assert answer.status_code == 415
    assert answer.headers["accept"] == ", ".join(MEDIA_TYPES)


def test_a_compressed_body_is_a_415(client: httpx2.Client) -> None:
    answer = client.post("/predict", content=b"{}", headers={**JSON, "Content-Encoding": "gzip"})

    assert answer.status_code == 415


@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0", "image/*", "application/json;q=no"])
def test_an_answer_that_cannot_be_had_is_a_406(client: httpx2.Client, record: Record, accept: str) -> None:
    assert client.post("/predict", json=record, headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html, application/json;q=0.1"])
def test_json_is_answered_to_who_takes_it(client: httpx2.Client, record: Record, accept: str) -> None:
    assert client.post("/predict", json=record, headers={"Accept": accept}).status_code == 200


def test_a_charset_changes_nothing(client: httpx2.Client, record: Record) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}

    assert client.post("/predict", content=json.dumps(record), headers=headers).status_code == 200


def test_unknown_fields_and_categories_can_be_ignored(make: MakeClient, current: Package, record: Record) -> None:
    client = make(unknown_fields="ignore", unknown_categories="ignore")
    new = {
        feature.name: "never seen"
        for feature in current.signature.features
        if feature.type == "string" and feature.takes_unknown
    }

    assert client.post("/predict", json={**record, **new, "other": 1}).status_code == 200
    assert client.post("/predict", content=b'{"other": NaN}', headers=JSON).status_code == 400
