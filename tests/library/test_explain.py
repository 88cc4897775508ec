"""POST /predict?explain=true: what each feature adds to what is answered, in every format, and what is refused."""

import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pytest
from modelapi.engines import Prediction
from modelapi.signature import Signature
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from tests.library.fitted_models import flowers, package_fitted
from tests.library.test_predict_tables import CSV, NDJSON, as_csv, as_lines
from tests.library.web import MakeClient, Record

X, y = flowers()
RECORD = X.iloc[0].to_dict()


def explain(client: httpx2.Client, records: Any, query: str = "") -> Any:
    answer = client.post(f"/predict?explain=true{query}", json=records)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sums(explanation: Any) -> Any:
    """Add up what is explained, where there is a baseline."""
    if "baseline" in explanation:
        return explanation["baseline"] + sum(explanation["contributions"].values())
    return {name: sums(part) for name, part in explanation.items()}


def test_contributions_to_the_probability_of_each_class_sum_to_it(client: httpx2.Client, record: Record) -> None:
    records = [record, {**record, "Age": None}, {**record, "Sex": "female", "Age": 2.0}]

    answer = explain(client, records, "&probabilities=true")

    assert [*answer] == ["prediction", "probability", "explanation"]
    for explanation, probability in zip(answer["explanation"], answer["probability"], strict=True):
        assert [*explanation] == [*probability] == ["0", "1"]
        assert [*explanation["1"]["contributions"]] == [*record]
        assert sums(explanation) == pytest.approx(probability, abs=1e-9)
    one, same = explain(client, record), explain(client, [record])
    assert one == same == {name: values[:1] for name, values in answer.items() if name != "probability"}


def test_tables_are_explained_as_json_is(client: httpx2.Client, record: Record) -> None:
    records = [record, {**record, "Sex": "female"}]
    in_json = explain(client, records)["explanation"]

    lines = client.post("/predict?explain=true", content=as_lines(records), headers=NDJSON).text.splitlines()
    table = client.post("/predict?explain=true", content=as_csv(records), headers=CSV).text.splitlines()

    assert [json.loads(line)["explanation"] for line in lines] == in_json
    names, *rows = [line.split(",") for line in table]
    assert names == ["prediction", *(f"{what}" for label in "01" for what in columns_of(label, record))]
    assert [float(row[names.index("contribution_1_Sex")]) for row in rows] == [
        one["1"]["contributions"]["Sex"] for one in in_json
    ]


def columns_of(label: str, record: Record) -> list[str]:
    return [f"baseline_{label}", *(f"contribution_{label}_{name}" for name in record)]


def test_the_only_number_and_each_of_several_targets_are_explained(make: MakeClient, tmp_path: Path) -> None:
    both = pd.DataFrame({"kind": y, "long": np.where(X["length"] > 2, "yes", "no")})
    package_fitted(tmp_path / "number", LinearRegression().fit(X, X["length"] * 2 - X["width"]), X)
    package_fitted(tmp_path / "classes", MultiOutputClassifier(DecisionTreeClassifier()).fit(X, both), X, *both)

    number = explain(make(model_dir=tmp_path / "number"), RECORD)
    classes = explain(make(model_dir=tmp_path / "classes"), RECORD, "&probabilities=true")

    (one,) = number["explanation"]
    baseline = one["baseline"]
    assert [*one] == ["baseline", "contributions"]
    assert sums(one) == pytest.approx(number["prediction"][0], abs=1e-9)
    assert baseline == pytest.approx((X["length"] * 2 - X["width"]).mean(), abs=0.1)
    assert sums(classes["explanation"][0]) == classes["probability"][0]


def test_above_ten_features_an_error_is_stated(make: MakeClient, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(40, 12)), columns=[f"x{number}" for number in range(12)])
    square = FunctionTransformer(np.square)
    package_fitted(tmp_path, make_pipeline(square, LinearRegression()).fit(wide, wide["x0"] ** 2), wide)
    client, record = make(model_dir=tmp_path), wide.iloc[0].to_dict()

    answer = explain(client, record)
    table = client.post("/predict?explain=true", content=as_csv([record]), headers=CSV).text.splitlines()

    assert [*answer["explanation"][0]] == ["baseline", "error", "contributions"]
    assert sums(answer["explanation"][0]) == pytest.approx(answer["prediction"][0], abs=1e-9)
    assert table[0].split(",")[:4] == ["prediction", "baseline", "error", "contribution_x0"]
    assert explain(client, [record] * 2)["explanation"] == answer["explanation"] * 2


def test_what_is_answered_is_explained_and_not_what_the_engine_says(make: MakeClient, tmp_path: Path) -> None:
    def adjust(prediction: Prediction, signature: Signature) -> Prediction:
        return prediction.replace([np.clip(prediction.labels[0], 0, 3)])

    def name(prediction: Prediction, signature: Signature) -> Prediction:
        return prediction.replace([np.array(["large"] * len(prediction.labels[0]))])

    package_fitted(tmp_path, LinearRegression().fit(X, X["width"]), X)

    answer = explain(make(model_dir=tmp_path, adjust=adjust), {"length": 1, "width": 70})
    refused = make(model_dir=tmp_path, adjust=name).post("/predict?explain=true", json=RECORD)

    assert answer["prediction"] == [3]
    assert sums(answer["explanation"][0]) == pytest.approx(3)
    assert answer["explanation"][0]["baseline"] <= 3
    assert refused.status_code == 422
    assert refused.json()["detail"] == "explain must be false: what is answered is no number"


def test_a_model_that_cannot_be_explained_says_why(make: MakeClient, tmp_path: Path) -> None:
    package_fitted(tmp_path / "cluster", KMeans(2).fit(X), X)
    package_fitted(tmp_path / "columns", PCA(1).fit(X), X)
    package = package_fitted(tmp_path / "number", LinearRegression().fit(X, X["width"]), X, explain=False)

    details = [
        make(model_dir=tmp_path / name).post("/predict?explain=true", json=RECORD).json()["detail"]
        for name in ("cluster", "columns", "number")
    ]

    assert details == [
        "explain must be false: this model answers no numbers",
        "explain must be false: this model predicts nothing, but transforms",
        "explain must be false: the package of this model has no background",
    ]
    assert (package.background, package.signature.explains) == (None, False)
    assert "explain" not in make(model_dir=tmp_path / "number").get("/openapi.json").text


def test_more_records_than_are_allowed_are_a_413_in_every_format(make: MakeClient, record: Record) -> None:
    client = make(max_explained_rows=2)

    answers = [
        client.post("/predict?explain=true", json=[record] * 3),
        client.post("/predict?explain=true", content=as_csv([record] * 3), headers=CSV),
        client.post("/predict?explain=true", content=as_lines([record] * 3), headers=NDJSON),
    ]

    assert [answer.status_code for answer in answers] == [413] * 3
    (detail,) = {answer.json()["detail"] for answer in answers}
    assert detail == "at most 2 records of a request can be explained: send fewer at a time"
    assert len(explain(client, [record] * 2)["explanation"]) == 2
