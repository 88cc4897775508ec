"""How values are counted in the bins of a baseline, and how much two such counts differ."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from modelapi.package.baseline import MISSING, OTHER, UNKNOWN, Bins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from modelapi.signature import Feature

    Array: TypeAlias = np.ndarray[Any, Any]
    Counts: TypeAlias = memoryview[int] | list[int]

FEW = 16  # Rows that are counted sooner one by one.
NO_MOMENT = np.iinfo(np.int64).min  # How NumPy writes NaT.


class Sorter(Protocol):
    """Counts values by bins."""

    def count(self, values: Array, counts: Counts, start: int) -> None:
        """Add to counts, from place `start` on, how many of the values, of shape (n,), are in each bin."""


def sorter(bins: Bins, feature: Feature | None = None) -> Sorter:
    """Make what counts by these bins: a column as engines get it or, without a feature, the answers of a target."""
    if bins.labels is not None:
        return LabelSorter(bins, feature)
    if feature is None or feature.type in ("number", "integer"):
        return NumberSorter(bins)
    return MomentSorter(bins) if feature.type == "datetime" else LengthSorter(bins, feature)


class NumberSorter:
    """Counts numbers; those missing are NaN, which both ways of searching put behind infinity."""

    def __init__(self, bins: Bins) -> None:
        self._use(np.array([*(bins.edges or []), np.inf]))

    def _use(self, edges: Array) -> None:
        self._edges, self._array = edges.tolist(), edges

    def count(self, values: Array, counts: Counts, start: int) -> None:
        """Add up as Sorter says."""
        if len(values) > FEW:
            found = np.bincount(np.searchsorted(self._array, values, side="right"))
            for place, number in enumerate(found.tolist(), start):
                counts[place] += number
            return
        edges = self._edges
        for value in values.tolist():
            counts[start + bisect_right(edges, value)] += 1


class MomentSorter(NumberSorter):
    """Counts dates; one that is missing is smaller than all."""

    def __init__(self, bins: Bins) -> None:
        self._use(np.array([NO_MOMENT + 1, *map(int, bins.edges or [])]))

    def count(self, values: Array, counts: Counts, start: int) -> None:
        """Add up as Sorter says."""
        super().count(values.view(np.int64), counts, start)


class LengthSorter(NumberSorter):
    """Counts texts by their lengths."""

    def __init__(self, bins: Bins, feature: Feature) -> None:
        super().__init__(bins)
        self._gaps = (None, feature.fill)

    def count(self, values: Array, counts: Counts, start: int) -> None:
        """Add up as Sorter says."""
        lengths = [np.nan if value in self._gaps else len(value) for value in values.tolist()]
        super().count(np.array(lengths), counts, start)


class LabelSorter:
    """Counts categories, booleans and classes."""

    def __init__(self, bins: Bins, feature: Feature | None) -> None:
        places: dict[Any, int] = {}
        if feature:
            places |= dict.fromkeys([None, feature.fill], bins.of(MISSING)[0])
            places |= dict.fromkeys(feature.categories or [], (bins.of(OTHER) or [0])[0])
        self._place = (places | {label: place for place, label in enumerate(bins.labels or [])}).get
        self._has_nan = feature is not None and feature.type in ("number", "integer")
        *_, self._rest = bins.of(UNKNOWN) or bins.of(OTHER) or [len(bins.names) - 1]

    def count(self, values: Array, counts: Counts, start: int) -> None:
        """Add up as Sorter says."""
        labels = values.tolist()
        if self._has_nan:
            labels = [None if label != label else label for label in labels]
        if len(labels) > FEW:
            for label, number in Counter(labels).items():
                counts[start + self._place(label, self._rest)] += number
            return
        place, rest = self._place, self._rest
        for label in labels:
            counts[start + place(label, rest)] += 1


def psi(expected: Sequence[int] | Array, found: Sequence[int] | Array) -> float:
    """Return the population stability index of the counts of the same bins: 0 if alike, above 0.2 if much differs.

    Half a row more in each keeps it finite where a bin is empty.
    """
    shares = [(np.asarray(counts) + 0.5) / (sum(counts) + 0.5 * len(counts)) for counts in (expected, found)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
