"""What the rows were like: targets and features, in bins and groups that tell of nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from modelapi.outputs import range_of
from modelapi.packaging.card.evidence import Evidence
from modelapi.packaging.card.html import (
    Content,
    Markup,
    bar,
    histogram,
    join,
    more,
    number,
    paragraph,
    percent,
    table,
    tag,
)
from modelapi.packaging.card.outcomes import UNKNOWN, Outcome
from modelapi.records.columns import Array
from modelapi.signature import Feature, Signature

MIN_ROWS = 10  # Values of fewer rows are not shown singly.
MAX_VALUES = 10
MAX_FEATURES = 30  # The others are shown when they are asked for.
N_BINS = 20
TYPES = {"string": "category", "text": "free text", "datetime": "date"}


def features(signature: Signature, evidence: Evidence) -> Markup:
    """Describe each feature and the values that were seen of it."""
    source = "the sample" if signature.seen_in == "sample" else "training"
    header = ["Feature", "Type", f"Seen in {source}"]
    rows = [*_rows(signature, evidence)]
    others = rows[MAX_FEATURES:]
    shown = table(header, rows[:MAX_FEATURES])
    return join([shown, more(f"{len(others)} others", table(header, others))]) if others else shown


def _rows(signature: Signature, evidence: Evidence) -> Iterator[list[Content]]:
    for feature in signature.features:
        values = evidence.columns[feature.name]
        gaps = np.array([value is None or value != value for value in values.tolist()])
        known = values[~gaps]
        missing = f"{percent(float(gaps.mean()))} missing" if feature.nullable else "required"
        name = [tag("strong", feature.title or feature.name)]
        if feature.title:
            name.append(tag("small", tag("code", feature.name)))
        if feature.description:
            name.append(tag("small", feature.description))
        kind = join([TYPES.get(feature.type, feature.type), tag("small", missing)])
        yield [join(name), kind, _seen(feature, known)]


def targets(evidence: Evidence, rows: str) -> Markup:
    """Show how frequent each class is or, of numbers, how they are spread."""
    shown = [_target(one, rows) for one in evidence.outcomes]
    if evidence.scores is not None and evidence.scores.ndim == 1:
        shown.append(_spread("Scores", evidence.scores, "answers", ""))
    return join(shown)


def _target(one: Outcome, rows: str) -> Markup:
    values = one.answered if one.right is None else one.right
    what = "answers" if one.right is None else rows
    name = one.target.title or one.target.name
    if one.target.classes is not None:
        counts = np.bincount(values[values != UNKNOWN], minlength=len(one.names))
        return table([name, "", f"Share of {len(values):,} {what}"], _shares(one.names, counts.tolist()))
    return _spread(name, values, what, f" {one.target.unit}" if one.target.unit else "")


def _spread(name: str, values: Array, what: str, unit: str) -> Markup:
    values = values[np.isfinite(values)]
    if not len(values):
        return paragraph(f"{name}: no {what} are finite.")
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    told = f"{name}: half of {len(values):,} {what} are up to {number(middle)}{unit}, nine of ten "
    told += f"from {number(low)} to {number(high)}{unit}."
    return join([paragraph(told), histogram(_counts(values), f"Distribution of {name}")])


def _seen(feature: Feature, known: Array) -> Content:
    if not feature.listed:
        return f"{len(feature.categories or []) or 'many'} values, which are not listed"
    if feature.type == "text":
        return f"up to {feature.max_length:,} characters, which are not shown"
    if (labels := feature.named) is not None:
        counts = [int((known == label).sum()) for label in labels]
        names = [feature.called(label) for label in labels]
        if len(known) < MIN_ROWS:
            return ", ".join(names[:MAX_VALUES]) + (
                f" and {len(names) - MAX_VALUES} others" * (len(names) > MAX_VALUES)
            )
        return _bars(_shares(names, counts))
    ends = range_of(feature.model_copy(update={"minimum": _short(feature.minimum), "maximum": _short(feature.maximum)}))
    if len(known) < MIN_ROWS:
        return ends
    title = f"Distribution of {feature.title or feature.name}"
    return join([histogram(_counts(known), title), tag("small", ends)])


def _short(end: float | str | None) -> float | str | None:
    """Round the decimals of an end that has many."""
    return float(f"{end:.4g}") if isinstance(end, float) and abs(end) < 1000 else end


def _counts(values: Array) -> list[int]:
    numbers = values.astype("datetime64[us]").astype("int64") if values.dtype.kind == "M" else values
    return [int(count) for count in np.histogram(numbers[np.isfinite(numbers)], N_BINS)[0]]


def _shares(names: Sequence[str], counts: Sequence[int]) -> list[list[Content]]:
    """List the most frequent values with their shares, and those that are rare together."""
    total = sum(counts) or 1
    order = sorted(range(len(names)), key=lambda place: -counts[place])
    shown = [place for place in order[:MAX_VALUES] if counts[place] >= MIN_ROWS]
    rows: list[list[Content]] = [
        [names[place], bar(counts[place] / total), percent(counts[place] / total)] for place in shown
    ]
    rest = total - sum(counts[place] for place in shown)
    if others := len(names) - len(shown):
        rows.append([f"{others} {'other' if others == 1 else 'others'}", bar(rest / total), percent(rest / total)])
    return rows


def _bars(rows: Sequence[Sequence[Content]]) -> Markup:
    return tag(
        "ul", *(tag("li", tag("span", name), bar_, tag("span", share)) for name, bar_, share in rows), class_="bars"
    )
