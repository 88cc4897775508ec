"""Predictions as clients read them: members of JSON, or columns of a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelapi.engines import Prediction
from modelapi.records.columns import Columns
from modelapi.records.faults import Fault
from modelapi.signature import Feature, Label, Signature, label_name


def predictions(prediction: Prediction, signature: Signature) -> list[Any]:
    """List what is predicted for each row: a label or, of several targets, an object with one a target."""
    return _by_target([labels.tolist() for labels in prediction.labels], signature)


def probabilities(prediction: Prediction, signature: Signature) -> list[Any]:
    """List an object for each row with the probability of each label, of several targets one in each."""
    shares = []
    for target, values in zip(signature.targets, prediction.probabilities or [], strict=True):
        names = [label_name(label) for label in target.classes or []]
        shares.append([dict(zip(names, row, strict=True)) for row in values.tolist()])
    return _by_target(shares, signature)


def _by_target(values: list[list[Any]], signature: Signature) -> list[Any]:
    if signature.target.outputs is None:
        return values[0]
    names = [target.name for target in signature.targets]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def table(prediction: Prediction, signature: Signature, *, probabilities: bool) -> dict[str, list[Label]]:
    """Name the columns that a prediction adds to a table: `prediction`, and `probability_<label>` if asked for.

    Of several targets, each has its own: `prediction_<target>`, `probability_<target>_<label>`.
    """
    columns: dict[str, list[Label]] = {}  # The names are different: packaging has checked it.
    for place, target in enumerate(signature.targets):
        suffix = f"_{target.name}" if signature.target.outputs else ""
        columns[f"prediction{suffix}"] = prediction.labels[place].tolist()
        if probabilities:
            for label, shares in zip(target.classes or [], (prediction.probabilities or [])[place].T, strict=True):
                columns[f"probability{suffix}_{label_name(label)}"] = shares.tolist()
    return columns


def warnings(columns: Columns, features: Sequence[Feature]) -> list[Fault]:
    """Name the values that are outside the training range, and the categories that were not in training, row by row."""
    found = []
    for feature in features:
        values = columns[feature.name]
        if feature.categories is not None:
            known = {None, *feature.categories}
            rows = [row for row, value in enumerate(values.tolist()) if value not in known and value == value]
            detail = "is a category that was not in training: it is ignored"
        elif feature.minimum is not None and feature.maximum is not None:
            ends = np.array([feature.minimum, feature.maximum], dtype=values.dtype)
            rows = np.flatnonzero((values < ends[0]) | (values > ends[1])).tolist()
            detail = f"is outside the training range, which is {range_of(feature)}"
        else:
            continue
        found += [Fault((row, feature.name), detail) for row in rows]
    return sorted(found, key=lambda fault: fault.location[0])


def range_of(feature: Feature) -> str:
    """Write the training range of a number or a date."""
    ends = (feature.minimum, feature.maximum)
    return " to ".join(end if isinstance(end, str) else f"{end:.10g}" for end in ends)
