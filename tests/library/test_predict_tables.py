"""POST /predict with tables: CSV and NDJSON, in batches, with every fault named by its row."""

import csv
import io
import json
import tempfile
from pathlib import Path

import httpx2
import pytest
from modelapi import Problem, Settings
from modelapi.package import Package
from modelapi.records import tables
from modelapi.serving import answers, table_answer
from modelapi.serving.exchange import Exchange
from modelapi.serving.predicting import Records
from modelapi.serving.service import Service

from tests.library.web import MakeClient, Record

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def as_csv(records: list[Record]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def as_lines(records: list[Record]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 3)
    monkeypatch.setattr(table_answer, "MAX_IN_MEMORY", 20)
    monkeypatch.setattr(answers.Stream, "BLOCK", 7)


@pytest.mark.parametrize("headers", [CSV, NDJSON])
def test_a_byte_order_mark_is_read_over(client: httpx2.Client, record: Record, headers: dict[str, str]) -> None:
    table = (as_csv if headers is CSV else as_lines)([record] * 7)

    answer = client.post("/predict", content=f"\ufeff{table}".encode(), headers=headers)

    assert answer.status_code == 200
    assert answer.content == client.post("/predict", content=table, headers=headers).content


def test_a_long_answer_without_a_folder_for_temporary_files_is_a_503_and_a_line_for_the_operator(
    client: httpx2.Client,
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    answer = client.post("/predict", content=as_csv([record] * 7), headers=CSV)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "send fewer rows" in answer.json()["detail"]
    out = capsys.readouterr().out
    assert "TMPDIR" in out
    assert "Traceback" not in out


def test_a_csv_is_answered_as_json_is(client: httpx2.Client, current: Package, record: Record) -> None:
    query = "?probabilities=true" if current.signature.probabilities else ""
    expected = client.post(f"/predict{query}", json=[record] * 7).json()

    answer = client.post(f"/predict{query}", content=as_csv([record] * 7), headers=CSV)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv")
    assert int(answer.headers["content-length"]) == len(answer.content)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 7
    for row, prediction, shares in zip(
        rows, expected["prediction"], expected.get("probability", [{}] * 7), strict=True
    ):
        flat = flatten({"prediction": prediction, "probability": shares})
        assert row == {name: str(value) for name, value in flat.items()}


def flatten(members: dict[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in members.items():
        if isinstance(value, dict):
            flat |= flatten({f"{name}_{key}": part for key, part in value.items()})
        else:
            flat[name] = value
    return flat


def test_ndjson_is_answered_as_json_is(client: httpx2.Client, current: Package, record: Record) -> None:
    query = "?probabilities=true" if current.signature.probabilities else ""
    expected = client.post(f"/predict{query}", json=[record] * 7).json()

    answer = client.post(f"/predict{query}", content=as_lines([record] * 7) + "\n \n", headers=NDJSON)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["prediction"] for line in lines] == expected["prediction"]
    assert [line.get("probability") for line in lines] == expected.get("probability", [None] * 7)


def test_a_chunked_table_is_read_to_its_end(client: httpx2.Client, record: Record) -> None:
    body = as_csv([record] * 20).encode()
    chunks = (body[place : place + 5] for place in range(0, len(body), 5))

    answer = client.post("/predict", content=chunks, headers=CSV)

    assert len(answer.text.splitlines()) == 21


def test_every_fault_of_a_table_is_reported_with_its_row(client: httpx2.Client, record: Record) -> None:
    wrong = {name: {"no": "scalar"} for name in record}

    lines = as_lines([record] * 4) + json.dumps(wrong) + "\n" + as_lines([record] * 3) + "{}\n"
    answer = client.post("/predict", content=lines, headers=NDJSON)

    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [error["pointer"] for error in errors[: len(record)]] == [f"/4/{escape(name)}" for name in record]
    assert all(error["detail"].startswith("row 5: ") for error in errors[: len(record)])
    assert {error["detail"][:7] for error in errors[len(record) :]} <= {"row 9: "}


def escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the table is empty: it needs a header line"),
        (b"\xff\xfe", "the table is not in UTF-8, in row 0 or soon after it"),
        (b'a,"b\n1,2\n', "row 0 is not valid CSV"),
        (b"HEADER\nROW,1\n", "row 1 has "),
        (b"HEADER\nROW\n\nROW,1\n", "row 2 has "),
        (b"HEADER\n" + b"x" * 1_100_000, "a row holds 1000000 characters or more"),
        (b'HEADER\n"' + b"x\n" * 600_000, ""),
    ],
)
def test_what_is_no_csv_is_a_400_that_names_the_row(
    client: httpx2.Client, record: Record, body: bytes, detail: str
) -> None:
    header, row = as_csv([record]).encode().splitlines()
    content = body.replace(b"HEADER", header).replace(b"ROW", row)

    answer = client.post("/predict", content=content, headers=CSV)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize("line", [b"{", b"[]]", b"{} {}"])
def test_what_is_no_ndjson_is_a_400_that_names_the_row(client: httpx2.Client, record: Record, line: bytes) -> None:
    answer = client.post("/predict", content=as_lines([record] * 5).encode() + line, headers=NDJSON)

    assert (answer.status_code, answer.json()["detail"]) == (400, "row 6 is not valid JSON")


@pytest.mark.parametrize(("headers", "body"), [(CSV, "HEADER"), (NDJSON, ""), (NDJSON, "\n")])
def test_a_table_without_rows_is_a_422(
    client: httpx2.Client, record: Record, headers: dict[str, str], body: str
) -> None:
    content = body.replace("HEADER", as_csv([record]).splitlines()[0])

    answer = client.post("/predict", content=content, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "", "detail": "must hold at least one row"}]


def test_a_header_that_does_not_fit_is_a_422(client: httpx2.Client, make: MakeClient, record: Record) -> None:
    table = as_csv([{**record, "other": 1}])

    answer = client.post("/predict", content=table, headers=CSV)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/other"]
    assert make(unknown_fields="ignore").post("/predict", content=table, headers=CSV).status_code == 200


def test_a_table_over_the_limit_is_a_413(make: MakeClient, record: Record) -> None:
    client = make(max_table_bytes=100, max_body_bytes=10, max_rows=1)

    assert client.post("/predict", content=as_lines([record] * 100), headers=NDJSON).status_code == 413
    assert client.post("/predict", content=iter([b" " * 60, b" " * 60]), headers=NDJSON).status_code == 413
    assert client.post("/predict", content=" " * 100, headers=NDJSON).status_code == 422


def test_a_table_is_answered_in_the_kind_of_another_if_that_is_asked_for(client: httpx2.Client, record: Record) -> None:
    lines = client.post("/predict", content=as_csv([record] * 4), headers={**CSV, "Accept": "application/x-ndjson"})
    rows = client.post("/predict", content=as_lines([record] * 4), headers={**NDJSON, "Accept": "text/csv, */*;q=0.1"})

    assert lines.headers["content-type"] == "application/x-ndjson"
    assert lines.content == client.post("/predict", content=as_lines([record] * 4), headers=NDJSON).content
    assert rows.headers["content-type"] == "text/csv"
    assert rows.content == client.post("/predict", content=as_csv([record] * 4), headers=CSV).content


def test_a_table_is_answered_as_a_table_or_not_at_all(client: httpx2.Client, record: Record) -> None:
    answer = client.post("/predict", content=as_csv([record]), headers={**CSV, "Accept": "application/json"})

    assert answer.status_code == 406
    assert "text/csv" in answer.json()["detail"]


def test_warnings_name_what_was_not_seen_in_training(make: MakeClient, current: Package, record: Record) -> None:
    client = make(unknown_categories="ignore")
    odd = {**record}
    for feature in current.signature.features:
        if feature.categories and feature.type == "string" and feature.takes_unknown:
            odd[feature.name] = "never seen"
        elif isinstance(feature.maximum, float) and not feature.categories:
            odd[feature.name] = feature.maximum + 1
    names = [name for name in record if odd[name] != record[name]]

    in_json = client.post("/predict?warnings=true", json=[record, odd]).json()["warnings"]
    of_one = client.post("/predict?warnings=true", json=odd).json()["warnings"]
    lines = client.post("/predict?warnings=true", content=as_lines([record, odd]), headers=NDJSON).text.splitlines()
    table = client.post("/predict?warnings=true", content=as_csv([record, odd]), headers=CSV).text
    cells = [row["warnings"] for row in csv.DictReader(io.StringIO(table))]

    assert [warning["pointer"] for warning in in_json] == [f"/1/{escape(name)}" for name in names]
    assert [warning["pointer"] for warning in of_one] == [f"/{escape(name)}" for name in names]
    assert json.loads(lines[0])["warnings"] == []
    assert json.loads(lines[1])["warnings"] == of_one
    assert cells[0] == ""
    assert cells[1] == "; ".join(f"{name} {one['detail']}" for name, one in zip(names, of_one, strict=True))
    assert "warnings" not in client.post("/predict", json=odd).json()


def test_an_answer_over_the_limit_is_a_413(make: MakeClient, current: Package, record: Record) -> None:
    if not current.signature.probabilities:
        return
    table = as_csv([record] * 1_000)
    client = make(max_table_bytes=len(table))

    answer = client.post("/predict?probabilities=true&warnings=true", content=table, headers=CSV)

    size = len(make().post("/predict?probabilities=true&warnings=true", content=table, headers=CSV).content)
    assert answer.status_code == (413 if size > len(table) else 200)


def test_a_function_that_goes_through_the_records_of_a_table_refuses_it() -> None:
    exchange = Exchange(None, Service(Settings()))

    with pytest.raises(Problem) as caught:
        iter(Records(exchange, "text/csv"))

    assert (caught.value.status, caught.value.headers) == (415, {"Accept": "application/json"})
