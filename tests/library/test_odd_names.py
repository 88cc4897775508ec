"""Categories and labels that are called as gaps are, as None and NaN: each is one value, with one answer everywhere."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import skops.io
from modelapi import package
from modelapi.packaging.fitted import main
from modelapi.scoring import score
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.library.web import MakeClient

NAMES = ["", "None", "nan", "NaN", "NA", "null", "short"]
RECORDS: list[dict[str, Any]] = [{"fur": name, "age": 1} for name in NAMES]


@pytest.fixture(scope="session")
def fitted() -> Pipeline:
    """An estimator that predicts a category by its own name, and one that is missing as none of them."""
    X = pd.DataFrame({"fur": [*NAMES, np.nan] * 5, "age": range(40)}).astype({"fur": object})
    encoder = make_column_transformer((OneHotEncoder(), ["fur"]), remainder="drop")
    return make_pipeline(encoder, LogisticRegression(C=1e3)).fit(X, np.array([*NAMES, "gap"] * 5, dtype=object))


@pytest.fixture(scope="session", params=["csv", "parquet", "json"])
def folder(fitted: Pipeline, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of it, made with a sample of a kind of file."""
    folder = tmp_path_factory.mktemp("names")
    sample = folder / f"sample.{request.param}"
    table = pd.DataFrame(RECORDS * 2)
    if sample.suffix == ".csv":
        table.to_csv(sample, index=False)
    elif sample.suffix == ".parquet":
        table.to_parquet(sample)
    else:
        table.to_json(sample, orient="records")
    skops.io.dump(fitted, folder / "my.skops")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_DIR", str(folder / "artifacts"))
        main([f"--model={folder / 'my.skops'}", f"--sample={sample}"])
    return folder / "artifacts"


def test_a_sample_of_any_kind_names_them_all(folder: Path) -> None:
    fur, _ = package.load(package.current(folder)).signature.features

    assert fur.categories == sorted(NAMES)
    assert fur.nullable


def test_tables_of_any_kind_are_scored_alike(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(folder))
    table = pd.DataFrame(RECORDS)
    table.to_csv(tmp_path / "in.csv", index=False)
    table.to_parquet(tmp_path / "in.parquet")
    table.to_json(tmp_path / "in.ndjson", orient="records", lines=True)

    for suffix in ("csv", "parquet", "ndjson"):
        score.main(["--input", str(tmp_path / f"in.{suffix}"), "--output", str(tmp_path / f"out.{suffix}")])

    rows = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8")))
    assert [row["prediction"] for row in rows] == NAMES
    assert pq.read_table(tmp_path / "out.parquet")["prediction"].to_pylist() == NAMES
    lines = (tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == NAMES


def test_requests_of_any_kind_are_answered_alike(make: MakeClient, folder: Path) -> None:
    client: httpx2.Client = make(models={"names": folder})
    path, table = "/models/names/predict", pd.DataFrame(RECORDS)

    in_json = client.post(path, json=RECORDS).json()["prediction"]
    in_csv = client.post(path, content=table.to_csv(index=False), headers={"Content-Type": "text/csv"}).text
    without = client.post(path, content="age\n1\n", headers={"Content-Type": "text/csv"}).text

    assert in_json == NAMES
    assert [row["prediction"] for row in csv.DictReader(io.StringIO(in_csv))] == NAMES
    assert client.post(path, json={"age": 1}).json()["prediction"] == ["gap"]
    assert without == "prediction\ngap\n"
