"""Records that a model cannot predict, though they are what its signature allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from modelapi.engines import Prediction, Wanted
    from modelapi.records.columns import Columns

MAX_CALLS = 50  # Of the engine, for one request: enough to find one record of millions, and some of thousands.
FAILS = "cannot be predicted: the model fails for these values"
NOT_FINITE = "cannot be predicted: what the model answers for these values is no finite number"


def rows_that_raise(
    predict: Callable[[Columns], object], columns: Columns, example: Columns, max_calls: int = MAX_CALLS
) -> list[int]:
    """Find the rows for which a model raises by themselves, by halves; some of them if it takes too many calls.

    None are found if it raises for the example too, or for no row alone: then it is not the fault of the values.
    """

    def raises(part: Columns) -> bool:
        try:
            predict(part)
        except Exception:  # Of whatever library runs it.
            return True
        return False

    if raises(example):
        return []
    found = []
    waiting = [(0, n_rows(columns))]
    for _ in range(max_calls):
        if not waiting:
            break
        start, stop = waiting.pop()
        if not raises({name: values[start:stop] for name, values in columns.items()}):
            continue
        middle = (start + stop) // 2
        if middle == start:
            found.append(start)
        else:
            waiting += [(middle, stop), (start, middle)]
    return found


def rows_not_finite(prediction: Prediction, wanted: Wanted) -> list[int]:
    """List the rows for which a value that is asked for is NaN or infinite."""
    values = [labels for labels in prediction.labels if labels.dtype.kind == "f"]
    if wanted.probabilities:
        values += prediction.probabilities or []
    if wanted.scores and prediction.scores is not None:
        values.append(prediction.scores)
    if all(np.isfinite(one).all() for one in values):
        return []
    wrong = [~np.isfinite(one).reshape(len(one), -1).all(axis=1) for one in values]
    return [int(row) for row in np.flatnonzero(np.any(wrong, axis=0))]


def n_rows(columns: Columns) -> int:
    """Tell the length of the columns."""
    return len(next(iter(columns.values())))
