"""What the owner does with predictions is done in every format, by whatever way they were made."""

import json

import numpy as np
import pytest
from modelapi.engines import Prediction
from modelapi.serving.predicting import LARGE_LIST
from modelapi.signature import Signature

from tests.library.test_predict_tables import CSV, NDJSON, as_csv, as_lines
from tests.library.web import MakeClient, Record


def by_probability(prediction: Prediction, signature: Signature) -> Prediction:
    """Answer the first class if its probability is above a half, else the last, but the other way round."""
    assert prediction.probabilities  # Whether the client asks for them or not.
    classes = np.array(signature.target.classes)
    return prediction.replace(labels=[classes[np.where(prediction.probabilities[0][:, 0] > 0.5, -1, 0)]])


@pytest.mark.parametrize("query", ["", "?probabilities=true"])
@pytest.mark.parametrize("number", [1, 3, LARGE_LIST + 1])
def test_json_csv_and_ndjson_are_adjusted_alike(make: MakeClient, record: Record, query: str, number: int) -> None:
    records = [record] * number
    plain = make().post("/predict?probabilities=true", json=record).json()
    client = make(adjust=by_probability)

    in_json = client.post(f"/predict{query}", json=records).json()
    in_csv = client.post(f"/predict{query}", content=as_csv(records), headers=CSV).text.splitlines()[1:]
    lines = client.post(f"/predict{query}", content=as_lines(records), headers=NDJSON).text.splitlines()

    (other,) = {0, 1} - {plain["prediction"][0]}
    assert in_json["prediction"] == [other] * number
    assert [int(line.split(",")[0]) for line in in_csv] == [other] * number
    assert [json.loads(line)["prediction"] for line in lines] == [other] * number
    assert ("probability" in in_json) is bool(query)
    if query:
        assert in_json["probability"][0] == plain["probability"][0]


def test_the_owners_function_sees_all_rows_of_a_call_and_the_signature(make: MakeClient, record: Record) -> None:
    seen: list[tuple[int, str]] = []

    def look(prediction: Prediction, signature: Signature) -> Prediction:
        seen.append((len(prediction.labels[0]), signature.target.name))
        return prediction

    make(adjust=look).post("/predict", json=[record] * 5)

    assert seen == [(5, "Survived")]


def test_what_it_raises_is_a_500_and_hurts_nobody_else(make: MakeClient, record: Record) -> None:
    def refuse(prediction: Prediction, signature: Signature) -> Prediction:
        if len(prediction.labels[0]) == 2:
            raise RuntimeError("two are too many")
        return prediction

    client = make(adjust=refuse)

    assert client.post("/predict", json=[record] * 2).status_code == 500
    assert client.post("/predict", json=[record] * 3).status_code == 200


def test_probabilities_are_replaced_and_labels_stay(make: MakeClient, record: Record) -> None:
    def rounded(prediction: Prediction, _signature: Signature) -> Prediction:
        return prediction.replace(probabilities=[shares.round(1) for shares in prediction.probabilities or []])

    plain = make().post("/predict?probabilities=true", json=record).json()
    said = make(adjust=rounded).post("/predict?probabilities=true", json=record).json()

    assert said["prediction"] == plain["prediction"]
    assert said["probability"] == [{name: round(share, 1) for name, share in plain["probability"][0].items()}]
