"""Shapley values: what each feature of a record adds to what a model says of it, against rows of a background.

The value of a coalition of features is the mean of what the model says of the rows of the background in which these
features are those of the record: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017.
"""

from collections.abc import Callable, Iterator
from math import comb
from typing import Any, NamedTuple

import numpy as np

from modelapi.records.columns import Array, Columns, n_rows

MAX_EXACT = 10  # Features, up to which all coalitions are asked for; of more, some orders of the features.
SAMPLED_ROWS = 20_000  # That a model is asked for in these orders, or two pairs of them for each row of the background.
MIN_SAMPLED = 100  # Rows of a background, or copies of them, that these orders are shared out to.
MAX_ROWS = 2_000  # Of a call of the model, as a rule, so that what waits for a core does not wait for long.

Ask = Callable[[Columns], Array]
"""What a model says of n rows: float64 of shape (n, n_numbers)."""


class Explanation(NamedTuple):
    """What is said of the background, and what each feature of a record adds to it.

    baseline : float64 of shape (n_numbers,).
    contributions : of shape (n_features, n_numbers); with the baseline they sum to what is said of the record.
    error : of shape (n_numbers,), the largest standard error of a contribution; None if they are exact.
    """

    baseline: Array
    contributions: Array
    error: Array | None = None


class Explainer:
    """Explains what a model says of records. Equal records get equal explanations: what is drawn, is drawn once."""

    def __init__(self, background: Columns) -> None:
        """Take the background, columns of up to some hundred rows."""
        n_features = len(background)
        self.is_exact = n_features <= MAX_EXACT
        # Copies of few rows, for all orders of a row are asked for in one call.
        copies = 1 if self.is_exact else max(1, MIN_SAMPLED // n_rows(background))
        self.background = {name: np.tile(values, copies) for name, values in background.items()}
        self._n_rows = n_rows(self.background)
        if self.is_exact:
            self._coalitions = (np.arange(2**n_features)[:, None] >> np.arange(n_features) & 1).astype(bool)
            self._weights = _weights(self._coalitions)
        else:
            self.places = _draw_orders(self._n_rows, n_features)

    def explain(self, ask: Ask, record: Columns, said: Array) -> Explanation:
        """Explain what the model says of a record, columns of one row: numbers of shape (n_numbers,)."""
        return (self._of_all if self.is_exact else self._of_some)(ask, record, said)

    def _of_all(self, ask: Ask, record: Columns, said: Array) -> Explanation:
        """Ask for each coalition of features."""
        values = [
            ask(self._rows(record, np.repeat(part, self._n_rows, axis=0), np.tile(np.arange(self._n_rows), len(part))))
            .reshape(len(part), self._n_rows, -1)
            .mean(axis=1)
            for part in _parts(self._coalitions[:-1], self._n_rows)  # The last is the record itself.
        ]
        table = np.concatenate([*values, said[None]])
        return Explanation(table[0], self._weights @ table)

    def _of_some(self, ask: Ask, record: Columns, said: Array) -> Explanation:
        """Turn each row of the background into the record, feature by feature in some orders and their reverses."""
        n_features, n_numbers = len(self.background), len(said)
        rows = np.arange(self._n_rows)
        starts = ask(self._rows(record, np.zeros((self._n_rows, n_features), bool), rows))
        contributions, variances = np.zeros((2, n_features, n_numbers))
        n_pairs = self.places.shape[1]
        for part in _parts(rows, 2 * n_pairs * (n_features - 1)):
            forward = self.places[part]
            places = np.stack([forward, n_features - 1 - forward], axis=2)  # Of shape (n_rows, n_pairs, 2, n_features).
            known = places[..., None, :] < np.arange(1, n_features)[:, None]  # After each step but the last:
            asked = self._rows(record, known.reshape(-1, n_features), np.repeat(part, known[0, ..., 0].size))
            between = ask(asked).reshape(*known.shape[:-1], n_numbers)
            steps = np.empty((*places.shape[:3], n_features + 1, n_numbers))
            steps[..., 0, :], steps[..., 1:-1, :], steps[..., -1, :] = starts[part][:, None, None], between, said
            gains = np.take_along_axis(np.diff(steps, axis=3), places[..., None], axis=3).mean(
                axis=2
            )  # Of (row, pair, feature).
            contributions += gains.mean(axis=1).sum(axis=0)
            variances += gains.var(axis=1, ddof=1).sum(axis=0) / n_pairs
        error = np.sqrt(variances.max(axis=0)) / self._n_rows
        return Explanation(starts.mean(axis=0), contributions / self._n_rows, error)

    def _rows(self, record: Columns, known: Array, rows: Array) -> Columns:
        """Take rows of the background, in which the known features, booleans of (n, n_features), are the record's."""
        return {
            name: np.where(mask, record[name], values[rows])
            for (name, values), mask in zip(self.background.items(), known.T, strict=True)
        }


def _parts(values: Array, n_rows: int) -> Iterator[Array]:
    """Cut what the model is asked for, so many rows for each value, into calls."""
    size = max(1, MAX_ROWS // n_rows)
    return (values[start : start + size] for start in range(0, len(values), size))


def _weights(coalitions: Array) -> Array:
    """Weigh the value of each coalition in the contribution of each feature, of shape (n_features, n_coalitions)."""
    n_features = coalitions.shape[1]
    sizes = coalitions.sum(axis=1)
    with_it = np.array([1 / (n_features * comb(n_features - 1, max(size - 1, 0))) for size in sizes.tolist()])
    without = np.array([1 / (n_features * comb(n_features - 1, min(size, n_features - 1))) for size in sizes.tolist()])
    return np.where(coalitions.T, with_it, -without)


def _draw_orders(n_rows: int, n_features: int) -> Array:
    """Draw orders of the features: the places of these in orders for each row, of shape (n_rows, n_pairs, n_features).

    With its reverse each is a pair; of two or more pairs it can be told how much they differ.
    """
    n_pairs = max(2, SAMPLED_ROWS // (2 * n_rows * (n_features - 1)))
    places = np.broadcast_to(np.arange(n_features), (n_rows, n_pairs, n_features))
    drawn: Any = np.random.default_rng(0).permuted(places, axis=2)
    return np.asarray(drawn)
