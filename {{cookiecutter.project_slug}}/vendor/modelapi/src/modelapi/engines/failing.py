"""Records that a model cannot predict, though they are what its signature allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from modelapi.records.columns import n_rows

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
    try:
        predict(example)
    except Exception:  # Of whatever library runs it.
        return []
    rows = range(n_rows(columns))
    return halve(
        lambda part: predict({name: values[part.start : part.stop] for name, values in columns.items()}),
        rows,
        max_calls,
    ).failed


class Halved(NamedTuple):
    """What was found out by halves: those with which a call succeeds, and those with which it fails alone."""

    passed: list[int]
    failed: list[int]


def halve(call: Callable[[range], object], numbers: range, max_calls: int) -> Halved:
    """Call with all numbers and, where that raises, with each half; what is not known after max_calls is in neither."""
    halved = Halved([], [])
    waiting = [numbers] if numbers else []
    for _ in range(max_calls):
        if not waiting:
            break
        part = waiting.pop()
        try:
            call(part)
        except Exception:  # Of whatever library runs it.
            middle = len(part) // 2
            if middle:
                waiting += [part[middle:], part[:middle]]
            else:
                halved.failed.append(part.start)
        else:
            halved.passed.extend(part)
    return halved


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
