"""POST /predict by models of each task: what is answered in JSON, CSV and NDJSON, and described."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from tests.library.fitted_models import flowers, package_fitted
from tests.library.web import MakeClient

X, y = flowers()
RECORDS = X[::20].to_dict("records")
ESTIMATORS: dict[str, Any] = {
    "outlier": IsolationForest(n_estimators=5, random_state=0),
    "classes": LinearSVC(),
    "mixture": GaussianMixture(2, random_state=0),
    "cluster": KMeans(2, random_state=0),
    "transform": PCA(2),
}
MEMBERS = {"probabilities": "probability", "scores": "score", "explain": "explanation"}
Serve = Callable[[str], httpx2.Client]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for name, estimator in ESTIMATORS.items():
        made[name] = tmp_path_factory.mktemp(name)
        package_fitted(made[name], estimator.fit(X, y), X, "y")
    return made


@pytest.fixture
def serve(make: MakeClient, folders: dict[str, Path]) -> Serve:
    return lambda name: make(model_dir=folders[name])


def rounded(value: Any) -> Any:
    """Round the numbers in an answer, for a graph differs in the last places."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else round(float(value), 6)


def test_an_outlier_is_a_label_with_a_score(serve: Serve) -> None:
    estimator = ESTIMATORS["outlier"]

    answer = serve("outlier").post("/predict?scores=true", json=RECORDS).json()

    assert answer["prediction"] == estimator.predict(X[::20]).tolist()
    assert rounded(answer["score"]) == rounded(estimator.decision_function(X[::20]).tolist())
    assert [*answer] == ["prediction", "score"]


def test_scores_of_several_classes_are_named_by_them(serve: Serve) -> None:
    own = [dict(zip(sorted({*y}), row, strict=True)) for row in ESTIMATORS["classes"].decision_function(X[::20])]

    assert rounded(serve("classes").post("/predict?scores=true", json=RECORDS).json()["score"]) == rounded(own)


def test_a_mixture_answers_probabilities_and_scores(serve: Serve) -> None:
    answer = serve("mixture").post("/predict?scores=true&probabilities=true&warnings=true", json=RECORDS).json()

    assert [*answer] == ["prediction", "probability", "score", "warnings"]
    assert [[*share] for share in answer["probability"]] == [["0", "1"]] * 3
    assert rounded(answer["score"]) == rounded(ESTIMATORS["mixture"].score_samples(X[::20]).tolist())


def test_a_transformer_answers_its_columns(serve: Serve) -> None:
    own = [dict(zip(("pca0", "pca1"), row, strict=True)) for row in ESTIMATORS["transform"].transform(X[::20])]

    answer = serve("transform").post("/predict", json=RECORDS).json()

    assert rounded(answer["prediction"]) == rounded(own)


@pytest.mark.parametrize(
    ("name", "query", "header"),
    [
        ("outlier", "?scores=true", ["prediction", "score"]),
        ("outlier", "", ["prediction"]),
        ("classes", "?scores=true", ["prediction", "score_aster", "score_borage", "score_crocus"]),
        (
            "mixture",
            "?scores=true&probabilities=true",
            ["prediction", "probability_0", "probability_1", "score"],
        ),
        ("transform", "", ["prediction_pca0", "prediction_pca1"]),
        ("outlier", "?explain=true", ["prediction", "baseline", "contribution_length", "contribution_width"]),
        (
            "mixture",
            "?explain=true&scores=true",
            [
                *("prediction", "score", "baseline_0", "contribution_0_length", "contribution_0_width"),
                *("baseline_1", "contribution_1_length", "contribution_1_width"),
            ],
        ),
    ],
)
def test_tables_are_answered_as_json_is(serve: Serve, name: str, query: str, header: list[str]) -> None:
    client = serve(name)
    in_json = client.post(f"/predict{query}", json=RECORDS).json()
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)

    table = client.post(f"/predict{query}", content=X[::20].to_csv(index=False), headers={"Content-Type": "text/csv"})
    stream = client.post(f"/predict{query}", content=lines, headers={"Content-Type": "application/x-ndjson"})

    objects = [json.loads(line) for line in stream.text.splitlines()]
    assert {member: [one[member] for one in objects] for member in objects[0]} == in_json
    rows = list(csv.reader(io.StringIO(table.text)))
    assert rows[0] == header
    assert rows[1:] == [[str(value) for value in flat(row)] for row in zip(*in_json.values(), strict=True)]


def flat(value: Any) -> list[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else None
    return [value] if parts is None else [one for part in parts for one in flat(part)]


@pytest.mark.parametrize("name", ["cluster", "transform"])
def test_scores_that_a_model_has_not_are_a_422(serve: Serve, name: str) -> None:
    answer = serve(name).post("/predict?scores=true", json=RECORDS)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "scores must be false: this model gives no scores"


def test_the_query_says_true_or_false(serve: Serve) -> None:
    answer = serve("outlier").post("/predict?scores=1", json=RECORDS)

    assert (answer.status_code, answer.json()["detail"]) == (422, "scores must be true or false")


def test_many_records_are_answered_as_few_are(serve: Serve) -> None:
    client = serve("classes")

    many = client.post("/predict?scores=true", json=RECORDS * 200).json()

    assert many["score"][:3] == client.post("/predict?scores=true", json=RECORDS).json()["score"]


@pytest.mark.parametrize(
    ("name", "meaning", "flags"),
    [
        ("outlier", "in order: -1 for an outlier, 1 for others.", ["warnings", "scores", "explain"]),
        ("classes", "in order.", ["warnings", "scores", "explain"]),
        ("mixture", "in order: the number of the cluster.", ["warnings", "probabilities", "scores", "explain"]),
        ("transform", "in order: the columns that are made of it.", ["warnings"]),
    ],
)
def test_the_document_is_true_of_each_task(serve: Serve, name: str, meaning: str, flags: list[str]) -> None:
    client = serve(name)
    query = "&".join(f"{flag}=true" for flag in flags)

    written = client.get("/openapi.json").json()

    validate(written)
    operation = written["paths"]["/predict"]["post"]
    assert operation["description"].endswith(meaning)
    assert operation["summary"] == {
        "outlier": "Tell outliers from others",
        "classes": "Predict y",
        "mixture": "Find the cluster",
        "transform": "Transform by PCA",
    }.get(name)
    assert [parameter["name"] for parameter in operation["parameters"]] == flags
    schema = {"$ref": "#/components/schemas/Prediction", "components": written["components"]}
    Draft202012Validator(schema).validate(client.post(f"/predict?{query}", json=RECORDS).json())
    assert {*written["components"]["schemas"]["Prediction"]["properties"]} == {
        "prediction",
        *(MEMBERS.get(flag, flag) for flag in flags),
    }


def test_the_card_says_what_is_answered(serve: Serve) -> None:
    def card(name: str) -> str:
        return serve(name).get("/model", headers={"Accept": "text/html"}).text

    assert "It answers -1 for an outlier, 1 for others." in card("outlier")
    assert "<dt>Scores</dt><dd>aster, borage, crocus</dd>" in card("classes")
    assert "Transforms length, width into 2 columns by PCA: pca0, pca1." in card("transform")


def test_a_sparse_transformer_answers_all_of_its_columns(make: MakeClient, tmp_path: Path) -> None:
    colours = pd.DataFrame({"colour": ["red", "blue", "red"]})
    package_fitted(tmp_path, OneHotEncoder().fit(colours), colours)

    answer = make(model_dir=tmp_path).post("/predict", json={"colour": "red"}).json()

    assert answer["prediction"] == [{"colour_blue": 0.0, "colour_red": 1.0}]


def test_the_owner_may_change_labels_by_scores(make: MakeClient, folders: dict[str, Path]) -> None:
    def by_score(prediction: Any, _signature: Any) -> Any:
        return prediction.replace(labels=[np.where(prediction.scores > 0.1, 1, -1)])

    client = make(model_dir=folders["outlier"], adjust=by_score)
    answer = client.post("/predict?scores=true", json=RECORDS).json()

    assert answer["prediction"] == [1 if score > 0.1 else -1 for score in answer["score"]]
    assert client.post("/predict", json=RECORDS).json() == {"prediction": answer["prediction"]}
