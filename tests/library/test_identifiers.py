"""Columns that number or name the rows are found by their values and their names."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi.training.identifiers import identifier

RANDOM = np.random.default_rng(0)
SHUFFLED = RANDOM.permutation(500)[:60]


def of(values: Any, name: str = "x") -> str | None:
    return identifier(pd.Series(pd.array(values), name=name))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", range(1, 61)),
        ("x", RANDOM.permutation(60)),
        ("x", np.arange(60.0)),
        ("x", np.sort(SHUFFLED)),
        ("x", np.sort(SHUFFLED)[::-1]),
        ("Unnamed: 0", SHUFFLED),
        ("PassengerId", SHUFFLED),
        ("id", SHUFFLED * 1.0),
        ("Row No.", SHUFFLED),
        ("contact", 600_000_000 + SHUFFLED),
        ("phone", SHUFFLED),
        ("id", range(1000, 1060)),
    ],
)
def test_numbers_of_rows_and_of_telephones_are_identifiers(name: str, values: Any) -> None:
    assert of(values, name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("year", range(1950, 2010)),
        ("x", SHUFFLED),
        ("x", np.sort(SHUFFLED) * 1000),
        ("x", np.sort(RANDOM.normal(size=60))),
        ("seen", 1_700_000_000 + SHUFFLED),
        ("x", [1, 2, 2, 3] * 15),
        ("kid", SHUFFLED),
    ],
)
def test_measurements_are_none(name: str, values: Any) -> None:
    assert of(values, name) is None
