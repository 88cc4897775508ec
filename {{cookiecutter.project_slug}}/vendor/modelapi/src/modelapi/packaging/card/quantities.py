"""How far a regression is off: predictions beside what was right, and their errors."""

from __future__ import annotations

import numpy as np

from modelapi.packaging.card.html import Markup, join, number, paragraph, tag
from modelapi.packaging.card.outcomes import Outcome
from modelapi.packaging.card.plots import Axes, Line, bubbles, lines

N_BINS = 16  # On each side: a dot stands for rows that are alike, not for one.
N_STEPS = 24


def of_quantities(one: Outcome) -> Markup:
    """Show how far the answers to a target of numbers are from what is right."""
    errors = one.answered - one.right
    half, most = np.quantile(np.abs(errors), [0.5, 0.9])
    unit = f" {one.target.unit}" if one.target.unit else ""
    told = f"Half of the answers are off by {number(half)}{unit} or less, nine of ten by {number(most)}{unit} or less."
    bias = float(errors.mean())
    if abs(bias) > 2 * errors.std() / len(errors) ** 0.5:
        told += f" On average they are {number(abs(bias))}{unit} too {'high' if bias > 0 else 'low'}."
    return join([paragraph(told), tag("div", _against_right(one), _errors(one), class_="plots")])


def _against_right(one: Outcome) -> Markup:
    both = np.concatenate([one.right, one.answered])
    low, high = float(both.min()), float(both.max())
    high = high if high > low else low + 1
    counts, edges, _ = np.histogram2d(one.right, one.answered, N_BINS, [[low, high]] * 2)
    middles = (edges[:-1] + edges[1:]) / 2
    counted = [
        (float(middles[x]), float(middles[y]), int(counts[x, y])) for x, y in zip(*np.nonzero(counts), strict=True)
    ]
    unit = f" ({one.target.unit})" if one.target.unit else ""
    axes = Axes(f"right{unit}", f"answered{unit}", (low, high), (low, high))
    ideal = Line("as it should be", [(low, low), (high, high)], is_reference=True)
    return bubbles("Answers beside what is right: the larger a dot, the more rows", axes, counted, "rows", ideal)


def _errors(one: Outcome) -> Markup:
    errors = one.answered - one.right
    size = float(np.abs(errors).max()) or 1.0
    counts, edges = np.histogram(errors, N_STEPS, (-size, size))
    steps = [(float(edge), float(count)) for place, count in enumerate(counts) for edge in edges[place : place + 2]]
    unit = f" ({one.target.unit})" if one.target.unit else ""
    axes = Axes(f"too high by{unit}", "rows", (-size, size), (0.0, float(counts.max())))
    return lines("Residuals: how many answers are too high or, below 0, too low", axes, [Line("rows", steps)])
