"""Records that are drawn are such as the model takes, and as various as what it was trained on."""

from __future__ import annotations

from random import Random

import httpx2
import pandas as pd
from modelapi.records.drawing import draw
from modelapi.records.parser import RecordParser
from modelapi.signature import Signature
from modelapi.training.features import infer, read_features
from sklearn.dummy import DummyRegressor


def test_every_record_that_is_drawn_is_valid_and_each_feature_varies() -> None:
    rows = pd.DataFrame(
        {
            "price": [0.1, 2.5e6, None, 12.25] * 5,
            "rooms": [1, 2, 3, 4] * 5,
            "sold": pd.to_datetime(["2020-01-31", "2021-02-28", None, "2024-12-24"] * 5),
            "seen": pd.to_datetime(["2020-01-31T10:00:01", "2021-02-28T08:30:00"] * 10),
            "garden": [True, False] * 10,
            "town": ["Bern", "Genf", None, "Bern"] * 5,
            "text": [f"some words and {number} more of them" for number in range(20)],
        }
    )
    features = read_features(rows, texts=["text"])
    signature = infer(features, ["y"], DummyRegressor().fit(rows, range(20)), len(rows))
    random = Random(1)

    records = [draw(signature, random) for _ in range(500)]

    RecordParser(signature).parse_values(records)
    for feature in features:
        values = [record[feature.name] for record in records]
        assert len(set(values)) > 1, feature.name
        assert (None in values) == feature.nullable
        known = [value for value in values if value is not None]
        if feature.minimum is not None and feature.maximum is not None:
            assert feature.minimum <= min(known)  # type: ignore[operator, type-var]
            assert feature.maximum >= max(known)  # type: ignore[operator, type-var]
        if feature.categories:
            assert set(known) == set(feature.categories)


def test_what_clients_see_of_a_signature_is_enough(client: httpx2.Client) -> None:
    signature = Signature.model_validate(client.get("/model").json()["signature"])
    hidden = [feature.model_copy(update={"categories": None, "listed": False}) for feature in signature.features]

    answer = client.post("/predict", json=[draw(signature) for _ in range(100)])

    assert answer.status_code == 200
    assert draw(signature.model_copy(update={"features": hidden}))["Sex"] in ("male", "female")
