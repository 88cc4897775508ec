"""How good a model is for each category of the features: whether it is fair to all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from modelapi.packaging.card.evidence import Evidence
from modelapi.packaging.card.html import Content, Markup, join, listing, number, paragraph, percent, table, tag
from modelapi.records.columns import Array
from modelapi.signature import MAX_NAMED, Feature, Signature

RIGHT, OFF, SCALED = "Right", "Off by", "Off, times the average"
MIN_ROWS = 10  # Smaller groups are shown together.
Z_INTERVAL = 1.96  # 95 %.
Z_WORSE = 2.58  # 99 %, for there are many groups.


class Group(NamedTuple):
    """How good a model is for some of the rows: the mean, and the ends of its 95 % interval."""

    name: str
    size: int
    mean: float
    low: float
    high: float
    is_worse: bool


def groups(signature: Signature, evidence: Evidence) -> Markup:
    """Show how good the model is for the values of each feature that has few, and say for which it is worse."""
    if not evidence.is_judged:
        return Markup()
    labels = signature.targets[0].classes is not None
    losses = _losses(evidence, labels)
    measure = RIGHT if labels else OFF if len(evidence.outcomes) == 1 else SCALED
    compared = [(one, [*_groups(one, evidence.columns[one.name], losses, labels)]) for one in _few(signature)]
    found = [(feature, own) for feature, own in compared if len(own) > 1]
    if not found:
        return paragraph("No feature has categories that can be shown, so there are no groups to compare.")
    worse = [
        f"{feature.title or feature.name} {group.name}: {_said(group, measure)}, of {group.size:,} rows"
        for feature, own in found
        for group in own
        if group.is_worse
    ]
    start = "It is clearly worse than for all others where:" if worse else "It is clearly worse for none of them."
    tables = [_table(feature, own, measure) for feature, own in found]
    return join([paragraph(start), listing(worse), *tables])


def _few(signature: Signature) -> list[Feature]:
    return [feature for feature in signature.features if feature.listed and 0 < len(feature.named or []) <= MAX_NAMED]


def _losses(evidence: Evidence, labels: bool) -> Array:
    """Say of each row how wrong the answer is: 1 or 0, or how far off, averaged over the targets."""
    found = []
    for one in evidence.outcomes:
        off = (one.answered != one.right).astype(float) if labels else np.abs(one.answered - one.right)
        # Several quantities have several units: each counts in multiples of its own mean.
        found.append(off / (off.mean() or 1.0) if not labels and len(evidence.outcomes) > 1 else off)
    means: Array = np.mean(found, axis=0)
    return means


def _groups(feature: Feature, values: Array, losses: Array, labels: bool) -> Iterator[Group]:
    small, few = np.zeros(len(values), dtype=bool), 0
    for label in feature.named or []:
        rows = values == label
        if rows.sum() >= MIN_ROWS:
            yield _group(feature.called(label), rows, losses, labels)
        elif rows.any():
            small, few = small | rows, few + 1
    missing = np.array([value is None or value != value for value in values.tolist()])
    if missing.sum() >= MIN_ROWS:
        yield _group("missing", missing, losses, labels)
    if small.sum() >= MIN_ROWS:
        yield _group(f"{few} others", small, losses, labels)


def _group(name: str, rows: Array, losses: Array, labels: bool) -> Group:
    own, others = losses[rows], losses[~rows]
    mean, count = float(own.mean()), len(own)
    if labels:
        low, high = _wilson(mean, count)
    else:
        error = Z_INTERVAL * float(own.std(ddof=1)) / count**0.5
        low, high = mean - error, mean + error
    spread = (own.var() / count + others.var() / len(others)) ** 0.5 if len(others) else 0.0
    worse = len(others) >= MIN_ROWS and mean - float(others.mean()) > Z_WORSE * float(spread) > 0
    return Group(name, count, mean, low, high, worse)


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's interval of a share, which holds for few rows and near 0 and 1 too."""
    z = Z_INTERVAL**2 / count
    middle, half = (
        (share + z / 2) / (1 + z),
        Z_INTERVAL * (share * (1 - share) / count + z / 4 / count) ** 0.5 / (1 + z),
    )
    return middle - half, middle + half


def _said(group: Group, measure: str) -> str:
    if measure == RIGHT:
        return f"right for {percent(1 - group.mean)}"
    return f"off by {number(group.mean)}" if measure == OFF else f"off {number(group.mean)} times as much as on average"


def _table(feature: Feature, found: Sequence[Group], measure: str) -> Markup:
    rows: list[list[Content]] = []
    for group in found:
        if measure == RIGHT:
            mean, ends = percent(1 - group.mean), f"{percent(1 - group.high)} to {percent(1 - group.low)}"
        else:
            mean, ends = number(group.mean), f"{number(group.low)} to {number(group.high)}"
        name = join([group.name, tag("small", "clearly worse", class_="worse")]) if group.is_worse else group.name
        rows.append([name, f"{group.size:,}", mean, ends])
    return table([feature.title or feature.name, "Rows", measure, "95 % interval"], rows)
