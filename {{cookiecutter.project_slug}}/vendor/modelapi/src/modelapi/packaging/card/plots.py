"""Plots as SVG that takes its colours and its font from the page around it, so in print and in the dark too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import leather

from modelapi.packaging.card.html import Markup, number, tag

WIDTH, HEIGHT = 360, 280
DECIMALS = re.compile(r'(?<=[ "-])(\d+\.\d)\d+(?=[ "])')  # Of coordinates, not of what is written at the axes.
SIZE = re.compile(r'^<svg width="\d+" height="\d+" version="1.1" xmlns="[^"]+">')
Points = Sequence[tuple[float, float]]
Range = tuple[float, float]
WHOLE: Range = (0.0, 1.0)


class Line(NamedTuple):
    """A line through points, by its name in the legend."""

    name: str
    points: Points
    is_reference: bool = False


class Axes(NamedTuple):
    """The names of both axes, and from where to where they go."""

    x: str
    y: str
    x_range: Range = WHOLE
    y_range: Range = WHOLE


class _Unnamed:
    """A shape that leather puts into no legend: ours is a list, which wraps where the page is narrow."""

    def legend_to_svg(self, _series: Any, _palette: Any) -> list[Any]:
        return []


class _Line(_Unnamed, leather.Line):  # type: ignore[misc] # leather has no types.
    pass


class _Dots(_Unnamed, leather.Dots):  # type: ignore[misc]
    pass


def lines(title: str, axes: Axes, drawn: Sequence[Line], dots: Points = ()) -> Markup:
    """Draw lines, dashed those that are for comparison, and dots of the model."""
    chart, legend = _chart(axes), []
    for place, line in enumerate(drawn):
        legend.append((line.name, colour := "muted" if line.is_reference else f"plot-{place % 5}"))
        _add(chart, line.points, axes, _Line(f"var(--{colour})", stroke_dasharray="4 4" if line.is_reference else None))
    if dots:
        legend.append(("model", "plot-0"))
        _add(chart, dots, axes, _Dots("var(--plot-0)"))
    return _figure(title, chart, legend)


def bubbles(title: str, axes: Axes, counted: Sequence[tuple[float, float, int]], name: str, line: Line) -> Markup:
    """Draw a dot for each bin of two quantities, whose area grows with the number of rows in it."""
    most = max(count for *_, count in counted)
    radius = {(x, y): max(1.0, 9 * (count / most) ** 0.5) for x, y, count in counted}
    chart = _chart(axes)
    _add(chart, line.points, axes, _Line("var(--muted)", stroke_dasharray="4 4"))
    dots = _Dots("var(--plot-0)", lambda point: radius[point.x, point.y])
    _add(chart, [(x, y) for x, y, _ in counted], axes, dots)
    return _figure(title, chart, [(line.name, "muted"), (name, "plot-0")])


def _add(chart: Any, points: Points, axes: Axes, shape: Any) -> None:
    """Add points to a chart, kept to its axes, over whose ends roundings lead."""
    (left, right), (low, high) = axes.x_range, axes.y_range
    chart.add_series(leather.Series([(min(max(x, left), right), min(max(y, low), high)) for x, y in points]), shape)


def _chart(axes: Axes) -> Any:
    chart = leather.Chart()
    chart.add_x_scale(*axes.x_range)
    chart.add_y_scale(*axes.y_range)
    chart.add_x_axis(name=axes.x, tick_formatter=_tick)
    chart.add_y_axis(name=axes.y, tick_formatter=_tick)
    return chart


def _tick(value: Any, _place: int, _count: int) -> str:
    size = abs(float(value))
    for limit, divisor, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= limit:
            return f"{float(value) / divisor:.3g}{unit}"
    return number(float(value))


def _figure(title: str, chart: Any, legend: Sequence[tuple[str, str]]) -> Markup:
    drawn = DECIMALS.sub(r"\1", str(chart.to_svg(width=WIDTH, height=HEIGHT)))
    drawn = SIZE.sub(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">', drawn)
    names = [tag("li", name, class_=colour) for name, colour in legend]
    return tag("figure", tag("figcaption", title), tag("ul", *names, class_="legend"), Markup(drawn))
