"""Text over HTTP: free, bounded, and nothing of what a model was trained on."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pytest
from modelapi.packaging.engine_choice import package_model
from modelapi.settings import PackageSettings
from modelapi.training.features import infer, read_features, to_columns
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.library.web import MakeClient

PATH = "/models/notes/predict"
SAID = ["It works, thank you", "", "NA", "null", "ÉTÉ 😀 broken", 'say "broken",\nplease', "broken " * 1_000]
DETAIL = "must be a text of at most 10000 characters"


@pytest.fixture(scope="session")
def notes() -> pd.DataFrame:
    """What forty people wrote, and who they are."""
    texts = [f"note {number} of {'something broken' if number % 2 else 'great joy'}" for number in range(40)]
    return pd.DataFrame({"note": texts, "who": [f"Person {number}" for number in range(40)]})


@pytest.fixture(scope="session")
def fitted(notes: pd.DataFrame) -> Pipeline:
    columns = make_column_transformer((TfidfVectorizer(), "note"), (OneHotEncoder(), ["who"]))
    return make_pipeline(columns, LogisticRegression()).fit(notes, [number % 2 for number in range(40)])


@pytest.fixture(scope="session")
def folder(notes: pd.DataFrame, fitted: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of it, in which each person is a category, for the encoder takes no others."""
    folder = tmp_path_factory.mktemp("notes")
    features = read_features(notes, {"who": notes["who"].tolist()}, texts=["note"])
    signature = infer(features, ["is_complaint"], fitted, 40, takes="frame")
    settings = PackageSettings.load().model_copy(update={"model_dir": folder})
    package_model(fitted, to_columns(notes, features), signature, metrics={}, settings=settings)
    return folder


@pytest.fixture
def client(make: MakeClient, folder: Path) -> httpx2.Client:
    return make(models={"notes": folder})


def test_texts_are_answered_alike_in_json_and_in_tables(client: httpx2.Client, fitted: Pipeline) -> None:
    records = [{"note": text, "who": "Person 7"} for text in SAID]
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, ["note", "who"])
    writer.writeheader()
    writer.writerows(records)
    lines = "".join(f"{json.dumps(record)}\n" for record in records)

    in_json = client.post(f"{PATH}?probabilities=true", json=records).json()
    in_csv = client.post(PATH, content=table.getvalue().encode(), headers={"Content-Type": "text/csv"})
    in_lines = client.post(PATH, content=lines, headers={"Content-Type": "application/x-ndjson"})

    own = fitted.predict_proba(pd.DataFrame(records))
    assert in_json["prediction"] == own.argmax(axis=1).tolist()
    np.testing.assert_allclose([row["1"] for row in in_json["probability"]], own[:, 1], atol=1e-9)
    assert [row["prediction"] for row in csv.DictReader(io.StringIO(in_csv.text))] == [*map(str, in_json["prediction"])]
    assert [json.loads(line)["prediction"] for line in in_lines.text.splitlines()] == in_json["prediction"]


@pytest.mark.parametrize("text", ["x" * 10_001, None, 1, True, ["broken"]])
def test_what_is_no_text_or_too_long_is_a_422(client: httpx2.Client, text: Any) -> None:
    answer = client.post(PATH, json={"note": text, "who": "Person 7"})

    detail = f"is null: it {DETAIL}" if text is None else DETAIL
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": "/note", "detail": detail}])


def test_people_are_taken_and_never_listed(client: httpx2.Client, notes: pd.DataFrame) -> None:
    refused = client.post(PATH, json={"note": "broken", "who": "Nobody"})
    told = [client.get("/models/notes").text, client.get("/openapi.json").text, refused.text]
    card = client.get("/models/notes", headers={"Accept": "text/html"}).text

    detail = "must be one of the 40 values that the model knows"
    assert (refused.status_code, refused.json()["errors"]) == (422, [{"pointer": "/who", "detail": detail}])
    example = client.get("/models/notes").json()["signature"]["features"][1]["example"]
    for text in (*told, card):
        assert not [one for one in notes["note"] if one in text]
        assert {one for one in notes["who"] if f'"{one}"' in text or f">{one}" in text} <= {example}


def test_openapi_describes_text(client: httpx2.Client) -> None:
    note, who = client.get("/openapi.json").json()["components"]["schemas"]["Record_notes"]["properties"].values()

    assert (note["type"], note["maxLength"], note["examples"]) == ("string", 10_000, ["an example of a text"])
    assert (who["type"], who["description"]) == ("string", "one of the 40 values that the model knows")
    assert "enum" not in who
