"""Explain predictions, record by record: that is a hundred times the work of predicting them, or more."""

import numpy as np

from modelapi.engines import Prediction
from modelapi.explanation import Unexplained, numbers
from modelapi.records.columns import Array, Columns
from modelapi.records.faults import Fault, InvalidRecords
from modelapi.serving.answers import Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.service import ServedModel
from modelapi.shapley import Explanation

FAILS = "cannot be explained: the model fails for some values between these and those of training"


def check_number(exchange: Exchange, n_records: int) -> None:
    """Raise a 413 Problem if so many records may not be explained at a time."""
    most = exchange.service.settings.max_explained_rows
    if n_records > most:
        raise Problem(413, f"at most {most} records of a request can be explained: send fewer at a time")


def explain(
    exchange: Exchange, model: ServedModel, columns: Columns, prediction: Prediction, start: int = 0
) -> list[Explanation]:
    """Explain what was predicted for rows, the first of which is row `start`, in a thread that holds `large`.

    Raises Problem when nobody waits any more, and InvalidRecords that names a row that cannot be explained.
    """
    assert model.explainer  # nosec B101 # The options were checked.
    try:
        said = numbers(prediction, model.signature)
    except Unexplained:
        raise Problem(422, "explain must be false: what is answered is no number") from None

    def ask(rows: Columns) -> Array:
        exchange.require_client()
        return model.numbers(rows)

    found = []
    for row, of_row in enumerate(said):
        record = {name: values[row : row + 1] for name, values in columns.items()}
        try:
            one = model.explainer.explain(ask, record, of_row)
        except Unexplained:
            one = None
        if one is None or not np.isfinite(one.contributions).all():
            raise InvalidRecords([Fault((start + row,), FAILS)])
        found.append(one)
        exchange.service.give_way()
    return found
