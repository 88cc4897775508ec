"""Shapley values as they are defined, and how far those that are sampled are from these."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from modelapi import shapley
from modelapi.records.columns import Columns, n_rows
from modelapi.shapley import Explainer, Explanation

N_ROWS = 20


def of_numbers(n_features: int) -> Columns:
    return dict(zip("abcdefghijklmnop", np.random.default_rng(0).normal(size=(n_features, N_ROWS)), strict=False))


def answer(rows: Columns) -> Any:
    """Say two numbers of each row, in which features depend on each other; the last feature is none of them."""
    X = np.column_stack(list(rows.values()))
    return np.column_stack([X[:, 0] * X[:, 1] + np.sin(X[:, :-1].sum(axis=1)), X[:, 1] ** 2 > X[:, 2]])


def explain(background: Columns, record: Columns) -> Explanation:
    return Explainer(background).explain(answer, record, answer(record)[0])


def test_they_are_the_mean_of_what_a_feature_adds_in_all_orders() -> None:
    background, record = of_numbers(4), {name: np.array([1.5]) for name in "abcd"}

    def value(names: tuple[str, ...]) -> Any:
        known = {name: np.repeat(record[name], N_ROWS) for name in names}
        return answer({name: known.get(name, values) for name, values in background.items()}).mean(axis=0)

    found = explain(background, record)

    for place, name in enumerate("abcd"):
        added = [
            value(order[: order.index(name) + 1]) - value(order[: order.index(name)]) for order in permutations("abcd")
        ]
        np.testing.assert_allclose(found.contributions[place], np.mean(added, axis=0), atol=1e-12)
    np.testing.assert_allclose(found.baseline, value(()), atol=1e-12)
    np.testing.assert_allclose(found.contributions[3], 0, atol=1e-12)
    assert found.error is None


def test_what_is_sampled_is_as_far_from_them_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    background = of_numbers(11)
    records = [{name: values[:1] for name, values in of_numbers(11).items()}] + [
        {name: np.array([value]) for name in background} for value in (-2.0, 0.1, 0.5, 3.0)
    ]
    monkeypatch.setattr(shapley, "SAMPLED_ROWS", 4_000)
    sampled = [explain(background, record) for record in records]
    monkeypatch.setattr(shapley, "MAX_EXACT", 11)
    exact = [explain(background, record) for record in records]

    errors = np.array([one.error for one in sampled])
    off = np.array([one.contributions - other.contributions for one, other in zip(sampled, exact, strict=True)])
    assert (np.abs(off) <= 4 * errors[:, None] + 1e-12).all()
    assert (np.abs(off[..., 0]).max(axis=1) > errors[:, 0] / 10).all()  # And not much nearer.
    for one, other, record in zip(sampled, exact, records, strict=True):
        np.testing.assert_allclose(one.baseline, other.baseline, atol=1e-12)
        np.testing.assert_allclose(one.baseline + one.contributions.sum(axis=0), answer(record)[0], atol=1e-9)
        assert np.abs(one.contributions[-1]).max() < 1e-12


@pytest.mark.parametrize("n_features", [3, 12])
def test_the_model_is_asked_for_few_rows_at_a_time(n_features: int) -> None:
    background = of_numbers(n_features)
    sizes = []

    def count(rows: Columns) -> Any:
        sizes.append(n_rows(rows))
        return answer(rows)

    Explainer(background).explain(count, {name: np.array([0.0]) for name in background}, np.zeros(2))

    assert max(sizes) <= shapley.MAX_ROWS
    assert sum(sizes) <= max(2**n_features * N_ROWS, shapley.SAMPLED_ROWS + N_ROWS)
