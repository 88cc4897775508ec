"""The metrics of what a model is asked and answers: counts by bins, and how much they differ from training."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from modelapi.bins import psi
from modelapi.package.baseline import ABOVE, BELOW, MISSING, UNKNOWN, Bins
from modelapi.serving import tallies
from modelapi.serving.watching import Watched, read

MIN_RECENT = 500  # Rows; fewer may differ much by chance.
MIN_BASELINE = 100
UNUSUAL = {
    "out_of_range": ("Values outside the range that was seen.", {BELOW, ABOVE}),
    "unknown": ("Categories that were not seen.", {UNKNOWN}),
    "missing": ("Values that were missing.", {MISSING}),
}
FEATURE = ["model", "version", "feature"]
Array = np.ndarray[Any, Any]


class Group(NamedTuple):
    """The counts of one feature or target, of all workers."""

    labels: list[str]
    bins: Bins
    counts: Array
    recent: Array
    """Those of the last rows; zeros of a version that is not served any more."""

    @property
    def drift(self) -> float | None:
        """How much the last rows differ from training; None if there are too few to tell."""
        if sum(self.bins.counts) < MIN_BASELINE or self.recent.sum() < MIN_RECENT:
            return None
        return psi(self.bins.counts, self.recent)


class Watches(Collector):
    """Adds up what all workers have counted."""

    def collect(self) -> Iterator[Metric]:
        """Make all metrics."""
        watched = read()
        current = {one.model: one.version for one in watched}
        rows = CounterMetricFamily("model_watched_rows", "Rows whose values were counted.", labels=["model", "version"])
        refused = CounterMetricFamily("model_feature_refused", "Values that were refused.", labels=FEATURE)
        features: list[Group] = []
        targets: list[Group] = []
        for one in watched:
            totals = tallies.all_counts(one.name, one.size).sum(axis=0)
            rows.add_metric([one.model, one.version], totals[0])
            for name, count in zip(one.baseline.features, totals[3 * one.starts[-1] :], strict=True):
                refused.add_metric([one.model, one.version, name], count)
            groups = _groups(one, totals, is_current=one.version == current[one.model])
            features += groups[: len(one.baseline.features)]
            targets += groups[len(one.baseline.features) :]
        if not watched:
            return
        yield rows
        yield refused
        yield from _families("feature", "model_feature_values", features)
        for name, (text, bins) in UNUSUAL.items():
            family = CounterMetricFamily(f"model_feature_{name}", text, labels=FEATURE)
            for group in features:
                if places := group.bins.of(*bins):
                    family.add_metric(group.labels, group.counts[places].sum())
            yield family
        yield from _families("prediction", "model_predictions", targets)


def _families(kind: str, name: str, groups: Iterable[Group]) -> list[Metric]:
    labels = ["model", "version", "feature" if kind == "feature" else "target"]
    counts = CounterMetricFamily(name, f"Values of each {labels[-1]}, by bins.", labels=[*labels, "bin"])
    baseline = GaugeMetricFamily(f"model_{kind}_baseline", "The same in the baseline.", labels=[*labels, "bin"])
    drift = GaugeMetricFamily(f"model_{kind}_psi", "Population stability index of the last rows.", labels=labels)
    for group in groups:
        for family, numbers in ((counts, group.counts.tolist()), (baseline, group.bins.counts)):
            for bin_name, number in _by_name(group.bins.names, numbers).items():
                family.add_metric([*group.labels, bin_name], number)
        if group.drift is not None:
            drift.add_metric(group.labels, group.drift)
    return [counts, baseline, drift]


def _by_name(names: Iterable[str], numbers: Iterable[int]) -> Counter[str]:
    """Add up bins of one name: a category may be called as a bin for the others is."""
    found: Counter[str] = Counter()
    for name, number in zip(names, numbers, strict=True):
        found[name] += number
    return found


def _groups(watched: Watched, totals: Array, *, is_current: bool) -> list[Group]:
    """Return the counts of each feature and then of each target."""
    *starts, size = watched.starts
    now, _, before = totals[: 3 * size].reshape(3, size)
    recent = (now - before) * is_current
    names = [*watched.baseline.features, *watched.baseline.targets]
    parts = zip(names, watched.bins, starts, watched.starts[1:], strict=True)
    of = [watched.model, watched.version]
    return [Group([*of, name], bins, now[i:j], recent[i:j]) for name, bins, i, j in parts]
