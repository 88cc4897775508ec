"""`modelapi score` on real files: each format, in batches and processes, and what is said if something is wrong."""

import csv
import gzip
import io
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from modelapi import arrow_outputs, package
from modelapi.engines import LABELS, Prediction, Wanted
from modelapi.package import Package
from modelapi.records import tables
from modelapi.records.parser import RecordParser
from modelapi.scoring import parquet, score, workers
from modelapi.settings import PackageSettings
from modelapi.signature import Label, Signature, label_name
from modelapi.train import train
from steps.train import build_pipeline

Score = Callable[..., str]
NAMES = ["weight", "age", "indoor", "fur"]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    rows = ["weight,age,indoor,fur,kind", *["4.5,3,True,short,cat", ",5,False,long,dog", "30,2,False,,dog"] * 8]
    (folder / "pets.csv").write_text("\n".join(rows), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_DIR", str(folder / "artifacts"))
        train(build_pipeline, arguments=["--data", str(folder / "pets.csv"), "--target", "kind"])
    return folder / "artifacts"


@pytest.fixture(autouse=True)
def settings(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(artifacts))
    for name, module in (("BATCH_ROWS", tables), ("ROW_GROUP", arrow_outputs)):
        monkeypatch.setattr(module, name, 7)


@pytest.fixture
def model(artifacts: Path) -> Package:
    return package.load(package.current(artifacts))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Score:
    def run_score(source: Path, destination: Path, *more: str) -> str:
        score.main(["--input", str(source), "--output", str(destination), *more])
        return capsys.readouterr().out

    return run_score


def records(n_rows: int = 50) -> list[dict[str, Any]]:
    furs = ["short", "long", None]
    return [
        {
            "id": f"ß{row}",
            "weight": None if row % 4 == 0 else row + 0.5,
            "age": row % 9,
            "indoor": row % 2 == 0,
            "fur": furs[row % 3],
        }
        for row in range(n_rows)
    ]


def expected(model: Package, rows: list[dict[str, Any]]) -> tuple[list[Label], list[dict[str, float]]]:
    columns = RecordParser(model.signature, unknown_fields="ignore").parse_values(rows)
    prediction = model.engine.predict(columns, Wanted(probabilities=True))
    names = [label_name(label) for label in model.signature.target.classes or []]
    shares = (prediction.probabilities or [])[0].tolist()
    return prediction.labels[0].tolist(), [dict(zip(names, row, strict=True)) for row in shares]


def write_csv(path: Path, rows: list[dict[str, Any]], separator: str = ",", encoding: str = "utf-8") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def read_csv(path: Path, separator: str = ",") -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


def write_lines(path: Path, rows: list[Any]) -> Path:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("name", "separator", "encoding"),
    [
        ("rows.csv", ",", "utf-8"),
        ("rows.csv.gz", ",", "utf-8"),
        ("rows.csv", ";", "cp1252"),
        ("rows.tsv", "\t", "utf-16"),
        ("rows.txt", "|", "utf-8-sig"),
    ],
)
def test_csv_keeps_its_columns_and_its_separator(
    model: Package, run: Score, tmp_path: Path, name: str, separator: str, encoding: str
) -> None:
    rows = records()
    source = write_csv(tmp_path / name, rows, separator, encoding)

    said = run(source, tmp_path / f"scored-{name}", "--probabilities")

    assert said.startswith(f"Scored 50 rows into {tmp_path / f'scored-{name}'} (")
    labels, shares = expected(model, rows)
    for own, row, label, share in zip(
        rows, read_csv(tmp_path / f"scored-{name}", separator), labels, shares, strict=True
    ):
        added = {"prediction": label} | {f"probability_{name}": value for name, value in share.items()}
        assert row == {name: "" if value is None else str(value) for name, value in (own | added).items()}


@pytest.mark.parametrize("name", ["rows.ndjson", "rows.jsonl.gz"])
def test_ndjson_gets_the_members_that_http_answers(model: Package, run: Score, tmp_path: Path, name: str) -> None:
    rows = records()
    source = write_lines(tmp_path / name, rows)

    run(source, tmp_path / f"scored-{name}", "--probabilities")

    labels, shares = expected(model, rows)
    assert read_lines(tmp_path / f"scored-{name}") == [
        row | {"prediction": label, "probability": share}
        for row, label, share in zip(rows, labels, shares, strict=True)
    ]


@pytest.mark.parametrize("name", ["rows.json", "rows.feather", "rows.data.gz"])
def test_what_is_read_whole_is_written_as_csv(model: Package, run: Score, tmp_path: Path, name: str) -> None:
    rows = records()
    source, scored = tmp_path / name, tmp_path / "scored.csv"
    if name.endswith(".json"):
        source.write_text(json.dumps(rows), encoding="utf-8")
    elif name.endswith(".feather"):
        pd.DataFrame(rows).to_feather(source)
    else:
        write_csv(source, rows)

    run(source, scored)

    assert [row["prediction"] for row in read_csv(scored)] == expected(model, rows)[0]
    assert [row["id"] for row in read_csv(scored)] == [row["id"] for row in rows]
    sent = pickle.loads(pickle.dumps(score.format_of(source, scored)))
    (batch, _), *_ = score.format_of(source, scored).batches()
    assert sent.parser(model.signature, "refuse")(batch, 0)["fur"].tolist()[:3] == ["short", "long", None]


def test_parquet_keeps_the_types_of_its_columns(model: Package, run: Score, tmp_path: Path) -> None:
    rows = records()
    table = pa.Table.from_pylist(rows)
    weights = pa.array([row["weight"] and Decimal(row["weight"]) for row in rows], pa.decimal128(10, 1))
    table = table.set_column(1, "weight", weights)
    table = table.set_column(4, "fur", table["fur"].dictionary_encode())
    table = table.append_column("seen", pa.array([datetime(2026, 1, 1)] * 50, pa.timestamp("ns")))
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=20)

    run(tmp_path / "rows.parquet", tmp_path / "scored.parquet", "--probabilities")

    scored = pq.read_table(tmp_path / "scored.parquet")
    labels, shares = expected(model, rows)
    assert scored.select(table.column_names).equals(table)
    assert scored.schema.names[len(table.column_names) :] == ["prediction", "probability_cat", "probability_dog"]
    assert scored["prediction"].to_pylist() == labels
    assert scored["probability_cat"].to_pylist() == pytest.approx([share["cat"] for share in shares])


def test_values_of_parquet_are_read_as_json_has_them() -> None:
    batch = pa.record_batch(
        {
            "number": pa.array([1.5, float("nan")]),
            "day": pa.array([date(2026, 1, 2), None]),
            "moment": pa.array([datetime(2026, 1, 2, 3), None], pa.timestamp("ns", "Europe/Berlin")),
        }
    )

    assert parquet._records(batch) == [
        {"number": 1.5, "day": "2026-01-02", "moment": "2026-01-02T03:00:00+00:00"},
        {"number": None, "day": None, "moment": None},
    ]


def test_worker_processes_write_what_one_process_writes(
    run: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = records(200)
    rows[150]["age"] = "old"
    source = write_csv(tmp_path / "rows.csv", rows)
    run(source, tmp_path / "one.csv", "--workers", "1")
    monkeypatch.setattr(workers, "TRIAL", 0)
    monkeypatch.setattr(workers, "WORTH", 0)

    said = run(source, tmp_path / "two.csv", "--workers", "2")

    assert "1 bad row in" in said
    for name in ("csv", "bad.csv"):
        assert (tmp_path / f"two.{name}").read_bytes() == (tmp_path / f"one.{name}").read_bytes()


def test_bad_rows_of_csv_are_put_aside_to_be_mended(run: Score, tmp_path: Path) -> None:
    lines = write_csv(tmp_path / "rows.csv", records(20)).read_text(encoding="utf-8").splitlines()
    lines[5] = "x,1,2,maybe,fluffy"
    lines[9] = "x,1,2"
    (tmp_path / "rows.csv").write_text("\n".join(lines), encoding="utf-8")

    said = run(tmp_path / "rows.csv", tmp_path / "scored.csv")

    assert said.strip().endswith(f", 2 bad rows in {tmp_path / 'scored.bad.csv'}")
    bad = (tmp_path / "scored.bad.csv").read_text(encoding="utf-8").splitlines()
    assert bad == [
        "row,reason,id,weight,age,indoor,fur",
        '5,"indoor must be true or false; fur must be one of: long, short or null",x,1,2,maybe,fluffy',
        '9,"has 3 cells, but the header has 5",x,1,2',
    ]
    assert [row["id"] for row in read_csv(tmp_path / "scored.csv")] == [
        f"ß{row}" for row in range(20) if row not in (4, 8)
    ]

    mended = [bad[0], bad[1].replace("maybe,fluffy", "true,long"), bad[2] + ",true,wild"]
    (tmp_path / "mended.csv").write_text("\n".join(mended), encoding="utf-8")
    said = run(tmp_path / "mended.csv", tmp_path / "scored.csv")

    assert said.startswith("Scored 1 row into")
    assert (tmp_path / "scored.bad.csv").read_text(encoding="utf-8").splitlines() == [
        "row_,reason_,row,reason,id,weight,age,indoor,fur",
        '2,"fur must be one of: long, short or null",9,"has 3 cells, but the header has 5",x,1,2,true,wild',
    ]

    run(write_csv(tmp_path / "good.csv", records(3)), tmp_path / "scored.csv")
    assert not (tmp_path / "scored.bad.csv").exists()


def test_bad_rows_of_ndjson_and_parquet_are_put_aside_as_ndjson(run: Score, tmp_path: Path) -> None:
    good = records(3)
    lines = write_lines(tmp_path / "rows.ndjson", [good[0], "{oops", {"age": 1}, good[1], "[1]"])
    pq.write_table(pa.Table.from_pylist([*good, {"id": "x", "age": None}]), tmp_path / "rows.parquet")

    run(lines, tmp_path / "json.ndjson")
    run(tmp_path / "rows.parquet", tmp_path / "parquet.parquet")

    assert len(read_lines(tmp_path / "json.ndjson")) == 2
    assert read_lines(tmp_path / "json.bad.ndjson") == [
        {"row": 2, "reason": "is not valid JSON", "line": "{oops"},
        {"row": 3, "reason": "indoor is missing: it must be true or false", "age": 1},
        {"row": 5, "reason": f"must be a record with the fields {', '.join(NAMES)}", "line": "[1]"},
    ]
    assert pq.read_table(tmp_path / "parquet.parquet").num_rows == 3
    (bad,) = read_lines(tmp_path / "parquet.bad.ndjson")
    assert (bad["row"], bad["id"], bad["age"]) == (4, "x", None)


def test_strict_stops_at_the_first_bad_row(run: Score, tmp_path: Path) -> None:
    rows = records(20)
    rows[14]["indoor"] = "maybe"
    source = write_csv(tmp_path / "rows.csv", rows)

    with pytest.raises(SystemExit, match=r"^Not scored: .*rows\.csv, row 15: indoor must be true or false$"):
        run(source, tmp_path / "scored.csv", "--strict")

    assert os.listdir(tmp_path) == ["rows.csv"]


def test_unknown_categories_follow_the_setting(run: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row | {"fur": "curly"} for row in records(20)]
    source = write_csv(tmp_path / "rows.csv", rows)
    monkeypatch.setenv("UNKNOWN_CATEGORIES", "ignore")

    assert run(source, tmp_path / "scored.csv").startswith("Scored 20 rows")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a file that is there"),
        (b"", "it is empty"),
        (b"weight\n1\n", "has no column age, indoor: the model needs weight, age, indoor, fur"),
        (b"age,indoor,prediction\n1,true,2\n", "has a column prediction, which is what the prediction is called"),
        (b"age,indoor,age\n1,true,2\n", "has two columns age: rename or drop one"),
        (b'age,indoor\n1,true\n"1,true\n', "row 2 is not valid CSV"),
        (b"age,indoor\n1,true\n" * 70_000 + b"\xff", "the table is not in UTF-8, in row 139"),
    ],
)
def test_a_csv_that_cannot_be_scored_is_refused(
    run: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str
) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 100_000)
    if content is not None:
        (tmp_path / "rows.csv").write_bytes(content)

    with pytest.raises(SystemExit, match=f"^Not scored: .*{message}"):
        run(tmp_path / "rows.csv", tmp_path / "scored.csv")

    assert not list(tmp_path.glob("*scored*"))


def test_a_file_that_is_cut_off_is_refused(run: Score, tmp_path: Path) -> None:
    packed = write_csv(tmp_path / "rows.csv.gz", records(5_000))
    packed.write_bytes(packed.read_bytes()[:-2_000])
    pq.write_table(pa.Table.from_pylist(records()), tmp_path / "rows.parquet")
    (tmp_path / "rows.parquet").write_bytes((tmp_path / "rows.parquet").read_bytes()[:-10])

    for name in ("rows.csv.gz", "rows.parquet"):
        with pytest.raises(SystemExit, match=f"^Not scored: .*{name} cannot be read "):
            run(tmp_path / name, tmp_path / f"scored-{name}")

    assert not list(tmp_path.glob("*scored*"))


@pytest.mark.parametrize(
    ("source", "destination", "message"),
    [
        ("rows.dat", "scored.dat", r"rows\.dat is scored into: let its name end in \.csv"),
        ("rows.csv", "scored.ndjson", r"rows\.csv is scored into: let its name end in \.csv"),
        ("rows.csv", "rows.csv", "rows.csv would be written while it is read"),
        ("rows.bad.csv", "rows.csv", r"rows\.bad\.csv would be written while it is read"),
        ("rows.csv", "nowhere/scored.csv", "there is no folder .*nowhere: make it first"),
        ("rows.csv", "folder.csv", "folder.csv is a folder"),
    ],
)
def test_names_that_do_not_go_together_are_refused(
    run: Score, tmp_path: Path, source: str, destination: str, message: str
) -> None:
    write_csv(tmp_path / source, records(3))
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(SystemExit, match=f"^Not scored: .*{message}"):
        run(tmp_path / source, tmp_path / destination)

    assert len(read_csv(tmp_path / source)) == 3


def test_a_member_of_the_name_of_the_prediction_is_refused(run: Score, tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "rows.ndjson", [{**records(1)[0], "note": "prediction"}])
    clash = write_lines(tmp_path / "clash.ndjson", [{**records(1)[0], "prediction": 1}])

    run(rows, tmp_path / "scored.ndjson")
    with pytest.raises(SystemExit, match="has a column prediction"):
        run(clash, tmp_path / "scored.ndjson")

    assert read_lines(tmp_path / "scored.ndjson")[0]["note"] == "prediction"


def test_a_column_that_may_be_missing_is_said_to_be(
    model: Package, run: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("age,indoor\n3,true\n", encoding="utf-8")

    score.main(["--input", str(tmp_path / "rows.csv"), "--output", str(tmp_path / "scored.csv")])

    assert "rows.csv has no column weight, fur: the rows are scored without" in capsys.readouterr().err
    labels, _ = expected(model, [{"age": 3, "indoor": True}])
    assert [row["prediction"] for row in read_csv(tmp_path / "scored.csv")] == labels


@pytest.mark.parametrize("name", ["rows.csv", "rows.ndjson", "rows.parquet"])
def test_a_table_without_rows_is_scored_into_one(run: Score, tmp_path: Path, name: str) -> None:
    table = pd.DataFrame(records(1)).head(0)
    if name == "rows.parquet":
        table.to_parquet(tmp_path / name)
    else:
        (tmp_path / name).write_text(",".join(table.columns) * (name == "rows.csv"), encoding="utf-8")

    assert run(tmp_path / name, tmp_path / f"scored-{name}").startswith("Scored 0 rows")

    assert (tmp_path / f"scored-{name}").exists()


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_full_disk_leaves_the_earlier_output(run: Score, tmp_path: Path, name: str) -> None:
    rows = records(3_000)
    if name == "rows.csv":
        write_csv(tmp_path / name, rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    (tmp_path / f"scored-{name}").write_text("earlier", encoding="utf-8")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))

    try:
        with pytest.raises(SystemExit, match=r"^Not scored: .* cannot be written \(File too large\)$"):
            run(tmp_path / name, tmp_path / f"scored-{name}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert sorted(os.listdir(tmp_path)) == [name, f"scored-{name}"]
    assert (tmp_path / f"scored-{name}").read_text(encoding="utf-8") == "earlier"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--separator", "dot"], "there is no separator dot: name one of comma, "),
        (["--encoding", "klingon"], "there is no encoding klingon"),
        (["--encoding", "ascii"], "is not in ascii"),
    ],
)
def test_separator_and_encoding_can_be_named(run: Score, tmp_path: Path, option: list[str], message: str) -> None:
    source = write_csv(tmp_path / "rows.csv", records(3), ";", "cp1252")

    run(source, tmp_path / "scored.csv", "--separator", "semicolon", "--encoding", "cp1252")
    with pytest.raises(SystemExit, match=message):
        run(source, tmp_path / "scored.csv", *option)

    assert [row["id"] for row in read_csv(tmp_path / "scored.csv", ";")] == ["ß0", "ß1", "ß2"]


def test_no_model_is_a_sentence(run: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))

    with pytest.raises(SystemExit, match=r'^Not scored: .*run "make train" first'):
        run(tmp_path / "rows.csv", tmp_path / "scored.csv")


def always_dog(prediction: Prediction, signature: Signature) -> Prediction:
    """What a project may do with predictions: here it takes the last class for all."""
    classes = signature.target.classes or []
    return prediction.replace([np.full(len(labels), classes[-1], dtype=object) for labels in prediction.labels])


@pytest.fixture
def api(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an API, which adjusts."""
    (project / "api").mkdir()
    (project / "api" / "app.py").touch()
    monkeypatch.setattr(os, "environ", os.environ.copy())  # Making the app changes it, for the process is its own.
    monkeypatch.setenv("PORT", "of no interest here")
    apis = {project: SimpleNamespace(adjust_of_scores=always_dog)}
    target = SimpleNamespace(load_api=lambda found: apis[found.root])
    monkeypatch.setitem(sys.modules, "modelapi.process.target", target)
    return project


@pytest.mark.parametrize("name", ["rows.csv", "rows.ndjson", "rows.parquet"])
def test_what_the_api_does_with_predictions_is_done_here_too(
    api: Path, model: Package, run: Score, tmp_path: Path, name: str
) -> None:
    rows = records()
    source, scored = tmp_path / name, tmp_path / f"scored-{name}"
    if name == "rows.parquet":
        pq.write_table(pa.Table.from_pylist(rows), source)
    else:
        (write_csv if name == "rows.csv" else write_lines)(source, rows)

    run(source, scored)

    if name == "rows.parquet":
        labels = pq.read_table(scored)["prediction"].to_pylist()
    else:
        labels = [row["prediction"] for row in (read_csv if name == "rows.csv" else read_lines)(scored)]
    assert labels == ["dog"] * 50
    assert "cat" in expected(model, rows)[0]


def test_a_worker_process_finds_what_the_api_does(api: Path, artifacts: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "rows.csv", records(3))
    table = score.format_of(source, tmp_path / "scored.csv")
    settings = PackageSettings.load()

    job = pickle.loads(pickle.dumps(workers.Job(settings.project, settings, package.current(artifacts), table, LABELS)))
    scored = workers.Scorer(job, job.load())([["x", "1", "2", "true", "long"]], 0)

    assert scored.part == b"x,1,2,true,long,dog\n"


def test_an_adjust_that_fails_and_an_api_that_cannot_be_made_are_sentences(
    api: Path, run: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_csv(tmp_path / "rows.csv", records(3))

    def fail(*_: object) -> None:
        raise KeyError("threshold")

    for load, message in (
        (
            lambda _: SimpleNamespace(adjust_of_scores=fail),
            r"rows\.csv: adjust fails at one of the rows 1 to 3: 'threshold'",
        ),
        (fail, r"the API, whose adjust is to be applied, cannot be made \(KeyError: 'threshold'\)"),
    ):
        monkeypatch.setitem(sys.modules, "modelapi.process.target", SimpleNamespace(load_api=load))
        with pytest.raises(SystemExit, match=f"^Not scored: .*{message}$"):
            run(source, tmp_path / "scored.csv")

    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["rows.csv"]


def test_probabilities_that_are_not_asked_for_are_not_written(
    api: Path, model: Package, run: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(prediction: Prediction, _: Signature) -> Prediction:
        assert prediction.probabilities is not None  # As a threshold does.
        return prediction

    target = SimpleNamespace(load_api=lambda _: SimpleNamespace(adjust_of_scores=look))
    monkeypatch.setitem(sys.modules, "modelapi.process.target", target)

    run(write_lines(tmp_path / "rows.ndjson", records(3)), tmp_path / "scored.ndjson")
    run(write_csv(tmp_path / "rows.csv", records(3)), tmp_path / "scored.csv")

    assert "probability" not in read_lines(tmp_path / "scored.ndjson")[0]
    assert list(read_csv(tmp_path / "scored.csv")[0])[-1] == "prediction"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_half_way_it_leaves_no_file_and_no_process(tmp_path: Path, number: int, code: int) -> None:
    row = b"4.5,3,True,short\n"
    (tmp_path / "rows.csv").write_bytes(b"weight,age,indoor,fur\n" + row * 2_000_000)
    at_once = "from modelapi.scoring import score, workers; workers.TRIAL = workers.WORTH = 0; score.main()"
    command = [sys.executable, "-c", at_once, "--workers", "2"]
    command += ["--input", str(tmp_path / "rows.csv"), "--output", str(tmp_path / "scored.csv")]

    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_for(lambda: sum(part_sizes(tmp_path)) > 1_000_000)  # The first batch, which is not from a worker, is less.
        started = children.read_text().split()
        # Ctrl-C reaches the workers too.
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        _, err = process.communicate(timeout=300)

    assert (process.returncode, err) == (code, b"Not scored: stopped half-way\n")
    assert os.listdir(tmp_path) == ["rows.csv"]
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in started))


def part_sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.glob(".scored.csv.*.part")]


def wait_for(condition: Callable[[], bool], seconds: float = 300) -> None:
    """Poll until the condition holds: another process makes it true, and has no other way to say so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def test_rows_that_the_model_cannot_predict_are_put_aside(
    run: Score, tmp_path: Path, model: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = type(model.engine)
    predict = engine.predict

    def fail(self: Any, columns: Any, wanted: Wanted = LABELS) -> Prediction:
        if (columns["age"] == 8).any():
            raise ValueError("eight")
        prediction = predict(self, columns, wanted)
        return prediction.replace([np.where(columns["age"] == 7, np.inf, len(prediction.labels[0]))])

    monkeypatch.setattr(engine, "predict", fail)
    rows = records(20)
    rows[3]["age"] = "old"

    said = run(write_csv(tmp_path / "rows.csv", rows), tmp_path / "scored.csv")

    assert "Scored 15 rows" in said
    assert len(read_csv(tmp_path / "scored.csv")) == 15
    bad = read_csv(tmp_path / "scored.bad.csv")
    assert [row["row"] for row in bad] == ["4", "8", "9", "17", "18"]
    assert [row["reason"].split(":")[0] for row in bad[1:]] == ["cannot be predicted"] * 4
    assert [row["age"] for row in bad] == ["old", "7", "8", "7", "8"]


@pytest.mark.parametrize("values", [[[1], [2, 3]], [{"years": 1}, None]])
def test_a_parquet_column_of_more_than_single_values_is_named(run: Score, tmp_path: Path, values: list[Any]) -> None:
    table = pa.table({"weight": [1.0, 2.0], "age": values, "indoor": [True, False], "fur": ["short", "long"]})
    pq.write_table(table, tmp_path / "rows.parquet")

    with pytest.raises(SystemExit, match=r"^Not scored: .*rows.parquet, column age holds (list|struct)<.*single value"):
        run(tmp_path / "rows.parquet", tmp_path / "scored.parquet")


def test_dictionary_columns_and_nested_ones_that_are_no_features_are_just_read(run: Score, tmp_path: Path) -> None:
    columns = {
        "weight": pa.array([1.0, 2.0]).dictionary_encode(),
        "age": pa.array([1, 2], pa.int8()),
        "indoor": [True, False],
        "fur": pa.array(["short", "long"]).dictionary_encode(),
        "seen": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    }
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")

    assert "Scored 2 rows" in run(tmp_path / "rows.parquet", tmp_path / "scored.parquet")
    assert pq.read_table(tmp_path / "scored.parquet").column("seen").to_pylist() == [[("a", 1)], None]
