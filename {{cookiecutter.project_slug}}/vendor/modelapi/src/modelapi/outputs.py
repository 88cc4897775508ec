"""Predictions as clients read them: members of JSON, or columns of a table."""

from itertools import groupby
from typing import Any

import numpy as np

from modelapi.engines import Prediction, Wanted
from modelapi.records.columns import Array, Columns, n_rows
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


def scores(prediction: Prediction, signature: Signature) -> list[Any]:
    """List the score of each row: a number or, if the scores have names, an object with these."""
    values: list[Any] = [] if prediction.scores is None else prediction.scores.tolist()
    return [dict(zip(signature.scores, row, strict=True)) for row in values] if signature.scores else values


def members(prediction: Prediction, signature: Signature, wanted: Wanted) -> dict[str, list[Any]]:
    """List the members of an answer, each with a value for each row; those that are not wanted are left out."""
    found = {"prediction": predictions(prediction, signature)}
    if wanted.probabilities:
        found["probability"] = probabilities(prediction, signature)
    if wanted.scores:
        found["score"] = scores(prediction, signature)
    return found


def _by_target(values: list[list[Any]], signature: Signature) -> list[Any]:
    if signature.target.outputs is None:
        return values[0]
    names = [target.name for target in signature.targets]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def arrays(prediction: Prediction, signature: Signature, wanted: Wanted) -> dict[str, Array]:
    """Name the columns that a prediction adds to a table: `prediction`, and what is wanted besides.

    That is `probability_<label>`, and `score` or, if scores have names, `score_<name>`. Of several targets, each has
    its own: `prediction_<target>`, `probability_<target>_<label>`.
    """
    columns: dict[str, Array] = {}  # The names are different: packaging has checked it.
    for place, target in enumerate(signature.targets):
        suffix = f"_{target.name}" if signature.target.outputs else ""
        columns[f"prediction{suffix}"] = prediction.labels[place]
        if wanted.probabilities:
            for label, shares in zip(target.classes or [], (prediction.probabilities or [])[place].T, strict=True):
                columns[f"probability{suffix}_{label_name(label)}"] = shares
    if wanted.scores and prediction.scores is not None:
        if signature.scores:
            for name, values in zip(signature.scores, prediction.scores.T, strict=True):
                columns[f"score_{name}"] = values
        else:
            columns["score"] = prediction.scores
    return columns


def table(prediction: Prediction, signature: Signature, wanted: Wanted) -> dict[str, list[Label]]:
    """List the values of these columns."""
    return {name: values.tolist() for name, values in arrays(prediction, signature, wanted).items()}


def added_names(signature: Signature, wanted: Wanted) -> list[str]:
    """Name these columns before there is a prediction."""
    shares = [np.empty((0, len(target.classes or []))) for target in signature.targets]
    scores = np.empty((0, len(signature.scores)) if signature.scores else 0)
    nothing = Prediction([np.empty(0) for _ in signature.targets], shares, scores)
    return list(arrays(nothing, signature, wanted))


def warnings(columns: Columns, signature: Signature, start: int = 0) -> list[Fault]:
    """Name the values that are outside the range seen, and the categories that were not, row by row.

    start : the number of the first row.
    """
    found = []
    for feature in signature.features:
        values = columns[feature.name]
        if feature.categories is not None:
            known = {None, *feature.categories}
            rows = [row for row, value in enumerate(values.tolist()) if value not in known and value == value]
        elif feature.minimum is not None and feature.maximum is not None:
            ends = np.array([feature.minimum, feature.maximum], dtype=values.dtype)
            rows = np.flatnonzero((values < ends[0]) | (values > ends[1])).tolist()
        else:
            continue
        detail = strange(feature, signature)
        found += [Fault((start + row, feature.name), detail) for row in rows]
    return sorted(found, key=lambda fault: fault.location[0])


def warnings_by_row(columns: Columns, signature: Signature) -> list[list[Fault]]:
    """List the warnings of each row."""
    found = {row: list(group) for row, group in groupby(warnings(columns, signature), key=lambda one: one.location[0])}
    return [found.get(row, []) for row in range(n_rows(columns))]


def warnings_of_rows(columns: Columns, signature: Signature) -> list[str]:
    """Say the warnings of each row in a text, which is empty where there are none."""
    noted = warnings_by_row(columns, signature)
    return ["; ".join(f"{fault.location[-1]} {fault.detail}" for fault in row) for row in noted]


def strange(feature: Feature, signature: Signature) -> str:
    """Say of a value that it is no category, or outside the range, that was seen."""
    if feature.categories is not None:
        return f"is a category that was not in {signature.source}: it is ignored"
    detail = f"is outside the range seen in {signature.source}"
    is_told = feature.listed and feature.minimum is not None
    return f"{detail}, which is {range_of(feature)}" if is_told else detail


def range_of(feature: Feature) -> str:
    """Write the range of a number, with its unit, or of a date."""
    ends = (feature.minimum, feature.maximum)
    notation = feature.notation
    unit = feature.unit or (notation and (notation.after or notation.before)) or ""
    return " to ".join(end if isinstance(end, str) else f"{end:.10g}" for end in ends) + (unit and f" {unit}")
