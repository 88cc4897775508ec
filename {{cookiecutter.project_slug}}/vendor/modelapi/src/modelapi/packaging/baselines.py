"""The baseline that a served model is watched by: bins of training rows, and how many of them are in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from modelapi.bins import sorter
from modelapi.package.baseline import ABOVE, BELOW, MISSING, OTHER, UNKNOWN, WITHIN, Baseline, Bins
from modelapi.packaging.card.outcomes import UNKNOWN as NO_CLASS
from modelapi.packaging.card.outcomes import Outcome
from modelapi.records.columns import DTYPES, Columns, n_rows
from modelapi.signature import Feature, Label, Signature, label_name

MAX_FEATURES = 50  # Each is some 13 series of Prometheus, in each version.
MAX_TARGETS = 20
MAX_LABELS = 20
MAX_BINS = 10
MIN_ROWS = 30  # Of a bin: fewer differ much by chance.
MIN_LABELS = 5  # As a test of chi square wants them.
DAY = 86_400_000_000  # In µs.
Array = np.ndarray[Any, Any]


def make_baseline(columns: Columns, signature: Signature, outcomes: Sequence[Outcome]) -> Baseline:
    """Count rows of training, and what was answered to them; of many features, the first MAX_FEATURES.

    outcomes : of the model itself or, which is more like what it says of rows that it has not seen, out of fold.
    """
    features = {one.name: of_feature(one, columns[one.name]) for one in signature.features[:MAX_FEATURES]}
    targets = {one.target.name: of_answers(one) for one in outcomes[:MAX_TARGETS]}
    return Baseline(n_samples=n_rows(columns), features=features, targets=targets)


def of_feature(feature: Feature, values: Array) -> Bins:
    """Make the bins of a feature; those of one that is not listed are named without its values."""
    if feature.categories is not None:
        bins = _of_labels(values, feature.categories, [UNKNOWN, MISSING], is_listed=feature.listed)
        return _counted(bins, values, feature)
    if feature.type == "boolean":
        return _counted(_of_labels(values, [False, True], [MISSING]), values, feature)
    if feature.type == "text":
        lengths = [len(value) for value in values.tolist() if value not in (None, feature.fill)]
        edges = _edges(np.array(lengths, dtype=float))
        bins = Bins(names=[*_between(edges, [f"{edge:g}" for edge in edges]), MISSING], edges=edges)
    elif feature.type == "datetime":
        bins = _of_moments(feature, values)
    else:
        bins = _of_range(feature, values)
    return _counted(bins, values, feature)


def of_answers(outcome: Outcome) -> Bins:
    """Make the bins of the answers of a target."""
    values = outcome.answered
    if outcome.target.classes is not None:
        labels = np.array(outcome.target.classes, dtype=object)[values[values != NO_CLASS]]
        return _counted(_of_labels(labels, outcome.target.classes, []), labels)
    edges = _edges(values[np.isfinite(values)])
    return _counted(Bins(names=[*_between(edges, [f"{edge:.10g}" for edge in edges]), MISSING], edges=edges), values)


def _counted(bins: Bins, values: Array, feature: Feature | None = None) -> Bins:
    counts = [0] * len(bins.names)
    sorter(bins, feature).count(values, counts, 0)
    return bins.model_copy(update={"counts": counts})


def _of_labels(values: Array, known: Sequence[Label], rest: Sequence[str], *, is_listed: bool = True) -> Bins:
    """Give the most frequent labels a bin each, in the order in which they are known, and one to all others."""
    frequent = [label for label, count in Counter(values.tolist()).most_common() if count >= MIN_LABELS]
    chosen = {*frequent[:MAX_LABELS]} if is_listed else set()
    labels = [label for label in known if label in chosen]
    others = [OTHER] if len(labels) < len(known) else []
    return Bins(names=[*map(label_name, labels), *others, *rest], labels=labels)


def _of_range(feature: Feature, values: Array) -> Bins:
    low, high = np.array([feature.minimum, feature.maximum], dtype=values.dtype).tolist()
    inner = [edge for edge in _edges(values[~np.isnan(values)]) if low < edge <= high] if feature.listed else []
    whole = feature.type == "integer"
    edges = [low, *inner, high + 1 if whole else float(np.nextafter(high, np.inf))]
    if not inner:
        names = [WITHIN]
    elif whole:
        names = [f"{one:.0f} to {end - 1:.0f}" if end - one > 1 else f"{one:.0f}" for one, end in pairwise(edges)]
    else:
        names = _named([f"{edge:.10g}" for edge in [low, *inner, high]])
    return Bins(names=[BELOW, *names, ABOVE, MISSING], edges=edges)


def _of_moments(feature: Feature, values: Array) -> Bins:
    ends = np.array([feature.minimum, feature.maximum], dtype=DTYPES["datetime"])
    low, high = ends.view(np.int64).tolist()
    seen = values[~np.isnat(values)].view(np.int64)
    days = {int(edge) // DAY * DAY for edge in _quantiles(seen)}  # Of a whole day, for a moment would be somebody's.
    inner = sorted(day for day in days if low < day <= high) if feature.listed else []
    dates = [str(np.datetime64(day, "us").astype("datetime64[D]")) for day in [low, *inner, high]]
    names = _named(dates) if inner else [WITHIN]
    return Bins(names=[MISSING, BELOW, *names, ABOVE], edges=[low, *inner, high + 1])


def _between(edges: Sequence[float], names: Sequence[str]) -> list[str]:
    """Name what is between edges, of which there may be none."""
    if not edges:
        return [WITHIN]
    return [f"below {names[0]}", *_named(names), f"{names[-1]} and above"]


def _named(ends: Sequence[str]) -> list[str]:
    return [f"{one} to {next_one}" for one, next_one in pairwise(ends)]


def _edges(seen: Array) -> list[float]:
    """Cut where as many rows are in each bin, at numbers that are as round as they can be."""
    edges = _quantiles(seen)
    for digits in range(2, 17):
        short = sorted({float(f"{edge:.{digits}g}") for edge in edges})
        if len(short) == len(edges) and (not edges or seen.min() < short[0]):
            return short
    return edges


def _quantiles(seen: Array) -> list[float]:
    n_bins = max(1, min(MAX_BINS, len(seen) // MIN_ROWS))
    if n_bins == 1:
        return []
    cuts = np.quantile(seen, np.arange(1, n_bins) / n_bins, method="higher")
    return sorted({float(cut) for cut in cuts if cut > seen.min()})
