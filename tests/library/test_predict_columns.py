"""POST /predict with tables of columns, Arrow and Parquet: answered in kind, as JSON is, and safe from what lies."""

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from modelapi.package import Package
from modelapi.records import arrow_messages, tables

from tests.library.web import MakeClient, Record

ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}
PARQUET = {"Content-Type": "application/vnd.apache.parquet"}

pytestmark = pytest.mark.web


def as_stream(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write(table)
    return file.getvalue()


def as_parquet(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def read_stream(body: bytes) -> Any:
    return pa.ipc.open_stream(body).read_all()


def read_parquet(body: bytes) -> Any:
    return pq.read_table(io.BytesIO(body))


Write, Read = Callable[[Any], bytes], Callable[[bytes], Any]
KINDS = [(ARROW, as_stream, read_stream), (PARQUET, as_parquet, read_parquet)]


@pytest.mark.parametrize(("headers", "write", "read"), KINDS)
def test_columns_are_answered_as_json_is(
    client: httpx2.Client,
    current: Package,
    record: Record,
    headers: dict[str, str],
    write: Write,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 3)
    records = [record] * 6 + [current.signature.example()]
    query = "?warnings=true" + "&probabilities=true" * current.signature.probabilities

    expected = client.post(f"/predict{query}", json=records).json()
    answer = client.post(f"/predict{query}", content=write(pa.Table.from_pylist(records)), headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (200, headers["Content-Type"])
    assert int(answer.headers["content-length"]) == len(answer.content)
    found = read(answer.content)
    assert [row["prediction"] for row in found.to_pylist()] == expected["prediction"]
    for label in expected.get("probability", [{}])[0]:
        assert found[f"probability_{label}"].to_pylist() == [shares[label] for shares in expected["probability"]]
    assert found["warnings"].type == pa.string()


@pytest.mark.parametrize(("headers", "write"), [kind[:2] for kind in KINDS])
def test_all_faults_of_columns_are_named_by_row_and_feature(
    client: httpx2.Client, headers: dict[str, str], write: Write
) -> None:
    table = pa.table({"Age": ["24", None, "x"], "Sex": ["female", "male", "x"]})

    answer = client.post("/predict", content=write(table), headers=headers)

    assert answer.status_code == 422
    assert [(error["pointer"], error["detail"][:6]) for error in answer.json()["errors"]] == [
        ("/0/Age", "row 1:"),
        ("/2/Age", "row 3:"),
        ("/2/Sex", "row 3:"),
    ]


STREAM = as_stream(pa.table({"Age": [24.0], "Sex": ["male"]}))
FILE = as_parquet(pa.table({"Age": [24.0], "Sex": ["male"]}))
ZEROS = pa.table({"Age": pa.nulls(20_000_000, pa.int8()).fill_null(0), "Sex": pa.nulls(20_000_000)})


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        (ARROW, b"", 400, "no Arrow stream"),
        (ARROW, FILE, 400, "no Arrow stream"),
        (ARROW, STREAM[:300], 400, "ends within a message"),
        (ARROW, arrow_messages.BEGIN + struct.pack("<i", 16) + b"\xff" * 16, 400, "no Arrow stream"),
        (ARROW, arrow_messages.BEGIN + struct.pack("<i", 2**31 - 1), 413, "too many columns"),
        (ARROW, as_stream(ZEROS, compression="zstd"), 413, "write smaller ones"),
        (ARROW, as_stream(pa.table({"Age": [[1.0]], "Sex": ["male"]})), 422, "see errors"),
        (ARROW, as_stream(pa.table({"Age": [b"1"], "Sex": ["male"]})), 422, "see errors"),
        (ARROW, as_stream(pa.table({"Age": [1.0], "Sex": ["male"], "Ship": [1]})), 422, "UNKNOWN_FIELDS"),
        (ARROW, as_stream(pa.table({"Ship": [1]})), 400, "no column is a feature of this model: Age, Sex"),
        (ARROW, as_stream(pa.table({"Age": [1.0], "Sex": ["male"]})[:0]), 422, "see errors"),
        (PARQUET, b"PAR1" + b"\xff" * 100 + b"PAR1", 400, "no Parquet file"),
        (PARQUET, FILE[:-20], 400, "no Parquet file"),
        (PARQUET, b"PAR1" + bytes(2_000) + FILE[2_004:], 400, "no Parquet file"),
    ],
)
def test_what_lies_or_is_of_another_form_is_refused(
    client: httpx2.Client, headers: dict[str, str], body: bytes, status: int, said: str
) -> None:
    answer = client.post("/predict", content=body, headers=headers)

    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


def test_a_text_that_takes_all_memory_is_refused(client: httpx2.Client) -> None:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), ["x" * 5_000_000])
    file = as_parquet(pa.table({"Age": [1.0] * 10_000, "Sex": long}), store_schema=False)

    answer = client.post("/predict", content=file, headers=PARQUET)

    assert len(file) < 500_000
    assert (answer.status_code, "memory" in answer.json()["detail"]) == (413, True)


def test_an_answer_over_the_limit_is_a_413(make: MakeClient, record: Record) -> None:
    body = as_stream(pa.Table.from_pylist([record] * 10_000), compression="zstd")

    answer = make(max_table_bytes=50_000).post("/predict", content=body, headers=ARROW)

    assert (answer.status_code, answer.json()["detail"][:10]) == (413, "the answer")


def test_without_pyarrow_columns_are_not_offered() -> None:
    said = "from modelapi.serving import predicting; print(*predicting.MEDIA_TYPES)"
    script = f"import sys; sys.modules['pyarrow'] = None; {said}"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["application/json", "text/csv", "application/x-ndjson"]
