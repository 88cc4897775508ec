"""Mutations cost the estimator few questions and bounded work, however wide a table is."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi.engines import Prediction
from modelapi.packaging.mutations import MAX_ASKED, MAX_CELLS, mutate
from modelapi.records.columns import Columns
from modelapi.signature import Signature
from modelapi.training.features import infer, read_features, to_columns
from sklearn.linear_model import LinearRegression


class Counting:
    """An engine that refuses some texts, and counts what it is asked."""

    def __init__(self, refused: tuple[str, ...] = ()) -> None:
        self.refused, self.asked, self.cells = refused, 0, 0

    def predict(self, columns: Columns, wanted: Any = None) -> Prediction:
        self.asked += 1
        self.cells += sum(map(len, columns.values()))
        for name in self.refused:
            if not {*columns[name].tolist()} <= {"a", "b", "c"}:
                raise ValueError(name)
        return Prediction([np.zeros(len(next(iter(columns.values()))))])


def table(n_features: int, text: bool = False) -> tuple[Columns, Signature]:
    values = ["a", "b", "c"] * 10 if text else np.arange(30.0)
    X = pd.DataFrame(dict.fromkeys([f"x{number}" for number in range(n_features)], values))
    features = read_features(X)
    fitted = LinearRegression().fit(np.zeros((2, 1)), [0, 1])
    return to_columns(X, features), infer(features, ["y"], fitted, len(X))


@pytest.mark.parametrize("n_features", [10, 100, 1_000, 2_000])
def test_one_question_of_bounded_size_is_enough_where_nothing_is_refused(n_features: int) -> None:
    engine = Counting()
    columns, signature = table(n_features)

    rows, _ = mutate(engine, columns, signature)

    assert engine.asked == 1
    assert engine.cells <= MAX_CELLS
    assert len(rows["x0"]) - 30 >= n_features  # Nearly each feature is changed once, if not in each way.


def test_each_value_is_tried_in_each_feature_of_a_usual_table() -> None:
    columns, signature = table(20)

    rows, _ = mutate(Counting(), columns, signature)

    for values in rows.values():
        assert {-29.0, 58.0} <= {*values.tolist()}


def test_the_features_that_take_no_unknown_category_are_told_apart() -> None:
    columns, signature = table(12, text=True)

    engine = Counting(("x3", "x4", "x11"))
    rows, told = mutate(engine, columns, signature)

    assert [one.name for one in told.features if not one.takes_unknown] == ["x3", "x4", "x11"]
    assert {*rows["x3"].tolist()} == {"a", "b", "c"} < {*rows["x5"].tolist()}


def test_it_is_not_asked_for_ever() -> None:
    columns, signature = table(500, text=True)
    engine = Counting(tuple(columns))

    _, told = mutate(engine, columns, signature)

    assert engine.asked <= 2 * MAX_ASKED
    assert not any(one.takes_unknown for one in told.features)
