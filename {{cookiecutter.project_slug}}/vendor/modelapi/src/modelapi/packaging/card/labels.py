"""How a classifier errs: confusions, class by class, and whether its probabilities are what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
from sklearn import metrics

from modelapi.packaging.card.html import Content, Markup, join, number, paragraph, percent, table, tag
from modelapi.packaging.card.outcomes import Outcome
from modelapi.packaging.card.plots import WHOLE, Axes, Line, lines
from modelapi.records.columns import Array

MAX_MATRIX = 20
MAX_CURVES = 5
MAX_CONFUSIONS = 10
SHADES = 9
GRID = np.linspace(0, 1, 101)  # Curves go through so many points, however many rows there are.
N_BINS = 10
DIAGONAL = ((0.0, 0.0), (1.0, 1.0))


def of_labels(one: Outcome) -> Markup:
    """Show where the answers to a target of classes are wrong."""
    counts = metrics.confusion_matrix(one.right, one.answered, labels=range(len(one.names)))
    return join([_confusion(one, counts), _by_class(one, counts), _curves(one)])


def _confusion(one: Outcome, counts: Array) -> Markup:
    if len(one.names) > MAX_MATRIX:
        return _confused(one.names, counts)
    slider = _slider(one, counts) if len(one.names) == 2 else Markup()
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shades = np.ceil(SHADES * counts / totals).astype(int)
    rows: list[list[Content]] = []
    for name, own, shade in zip(one.names, counts, shades, strict=True):
        cells = [tag("span", f"{count:,}", class_=f"shade-{depth}") for count, depth in zip(own, shade, strict=True)]
        rows.append([name, *cells])
    matrix = table(["", *one.names], rows, "A line for what rows are, a column for what was answered")
    return tag("div", tag("h3", "Confusions"), matrix, slider, class_="confusion")


def _confused(names: list[str], counts: Array) -> Markup:
    """List the most frequent confusions of many classes."""
    wrong = counts * (1 - np.eye(len(names), dtype=int))
    most = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSIONS]
    pairs = [(int(place) // len(names), int(place) % len(names)) for place in most]
    rows = [[names[right], names[said], f"{wrong[right, said]:,}"] for right, said in pairs if wrong[right, said]]
    return join([tag("h3", "Most frequent confusions"), table(["Is", "Answered", "Rows"], rows)])


def _slider(one: Outcome, counts: Array) -> Markup:
    """Let people see what another threshold than 0.5 would do, if it is what answers follow from."""
    if one.shares is None:
        return Markup()
    positive, likely = one.right == 1, one.shares[:, 1]
    at = [[int((positive & (likely >= t)).sum()), int((~positive & (likely >= t)).sum())] for t in GRID]
    caught, false = at[50]
    if [caught, false] != counts[:, 1][::-1].tolist():
        return Markup()
    name = one.names[1]
    control = tag(
        "label",
        f"Answer “{name}” from a probability of ",
        tag("output", "0.50"),
        Markup('<input type="range" min="0" max="100" value="50" disabled>'),
    )
    told = tag("p", said_of(name, caught, false, int(positive.sum())), class_="told", aria_live="polite")
    data = json.dumps({"name": name, "sizes": [int((~positive).sum()), int(positive.sum())], "at": at})
    return tag("div", control, told, class_="threshold", data_counts=data)


def said_of(name: str, caught: int, false: int, total: int) -> str:
    """Say what a threshold does, as card.js does when it is moved."""
    if not caught + false:
        return f"Never answers “{name}”."
    precision = f"{percent(caught / (caught + false))} of these are"
    recall = percent(caught / total) if total else "none"
    return f"Answers “{name}” {caught + false:,} times: {precision}. Finds {recall} of all that are."


def _by_class(one: Outcome, counts: Array) -> Markup:
    sizes, answered, caught = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    areas = _areas(one)
    header = ["Class", "Rows", "Share", "Found", "Right when answered", *(["ROC area"] if areas else [])]
    rows: list[list[Content]] = []
    for place, name in enumerate(one.names):
        found = percent(caught[place] / sizes[place]) if sizes[place] else ""
        right = percent(caught[place] / answered[place]) if answered[place] else "never answered"
        area = [areas.get(place, "")] if areas else []
        rows.append([name, f"{sizes[place]:,}", percent(sizes[place] / sizes.sum()), found, right, *area])
    return join([tag("h3", "Class by class"), table(header, rows, "Found is the recall, right the precision")])


def _areas(one: Outcome) -> dict[int, str]:
    if one.shares is None:
        return {}
    return {
        place: number(float(metrics.roc_auc_score(one.right == place, one.shares[:, place])))
        for place in range(len(one.names))
        if 0 < (one.right == place).sum() < len(one.answered)
    }


def _curves(one: Outcome) -> Markup:
    if one.shares is None:
        return paragraph("It has no probabilities, so there are no curves of them.", class_="missing")
    areas = _areas(one)
    drawn = [1] if len(one.names) == 2 else [*areas][:MAX_CURVES]
    drawn = [place for place in drawn if place in areas]
    figures = [*_roc_and_recall(one, drawn)] if drawn else []
    left_out = len(areas) - len(drawn) if len(one.names) > 2 else 0
    note = paragraph(f"Curves of {len(drawn)} of {len(areas)} classes are drawn.") if left_out else Markup()
    return join([tag("div", *figures, _calibration(one), class_="plots"), note])


def _roc_and_recall(one: Outcome, drawn: list[int]) -> Iterator[Markup]:
    assert one.shares is not None
    roc, recall = [], []
    for place in drawn:
        positive, likely = one.right == place, one.shares[:, place]
        false, caught, _ = metrics.roc_curve(positive, likely)
        roc.append(Line(one.names[place], _on_grid(false, caught)))
        precision, found, _ = metrics.precision_recall_curve(positive, likely)
        recall.append(Line(one.names[place], _on_grid(found[::-1], precision[::-1])))
    positive = one.right == drawn[0]
    title = "Receiver operating characteristic (ROC)"
    if len(drawn) == 1:
        area = metrics.roc_auc_score(positive, one.shares[:, drawn[0]])
        title += f": the area below is {number(float(area))}"
        mean = metrics.average_precision_score(positive, one.shares[:, drawn[0]])
        share = float(positive.mean())
        recall.append(Line("by chance", [(0, share), (1, share)], is_reference=True))
        average = f": {number(float(mean))} on average"
    roc.append(Line("by chance", DIAGONAL, is_reference=True))
    yield lines(title, Axes("others taken for it", "found"), roc)
    yield lines(f"Precision and recall{average if len(drawn) == 1 else ''}", Axes("found", "right"), recall)


def _on_grid(x: Array, y: Array) -> list[tuple[float, float]]:
    return [(float(place), float(value)) for place, value in zip(GRID, np.interp(GRID, x, y), strict=True)]


def _calibration(one: Outcome) -> Markup:
    """Compare probabilities with how often they came true: of the second of two classes, else of what is answered."""
    assert one.shares is not None
    binary = len(one.names) == 2
    likely = one.shares[:, 1] if binary else one.shares.max(axis=1)
    true = one.right == 1 if binary else one.right == one.shares.argmax(axis=1)
    bins = np.minimum((likely * N_BINS).astype(int), N_BINS - 1)
    full = [place for place in range(N_BINS) if (bins == place).sum() >= N_BINS]
    points = [(float(likely[bins == place].mean()), float(true[bins == place].mean())) for place in full]
    title = f"Calibration of “{one.names[1]}”" if binary else "Calibration of what is answered"
    ideal = Line("as it should be", DIAGONAL, is_reference=True)
    return lines(
        f"{title}: how often it was so, by how likely it was said to be", Axes("said", "was so", WHOLE), [ideal], points
    )
