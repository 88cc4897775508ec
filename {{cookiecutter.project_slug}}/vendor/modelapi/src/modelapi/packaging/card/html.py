"""HTML as text: what is given as a plain str is escaped, for names and categories come from data."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

NO_BREAK = "\N{NO-BREAK SPACE}"


class Markup(str):
    """HTML that is written as it is."""

    __slots__ = ()


Content = Markup | str | float


def text(content: Content) -> Markup:
    """Escape what is no Markup; numbers get four digits at most."""
    if isinstance(content, Markup):
        return content
    if isinstance(content, float):
        return Markup(number(content))
    return Markup(html.escape(str(content)))


def number(value: float) -> str:
    """Write a number as people do: 1,234 and 0.05678, no 1.234e+03."""
    size = abs(value)
    if size >= 1_000_000_000 or 0 < size < 0.0001:
        return f"{value:.3g}"
    return f"{value:,.0f}" if size >= 1000 or value == int(value) else f"{value:.4g}"


def spread(value: float) -> str:
    """Write a standard deviation, which says enough in two digits."""
    return f" ±{NO_BREAK}{number(float(f'{value:.2g}'))}"


def percent(share: float) -> str:
    """Write a share in percent, with a decimal where it would be all or nothing."""
    digits = 1 if 0 < share < 0.01 or 0.99 < share < 1 else 0
    return f"{100 * share:.{digits}f}{NO_BREAK}%"


def join(parts: Iterable[Content]) -> Markup:
    """Put parts one after the other."""
    return Markup("".join(map(text, parts)))


def tag(name: str, *content: Content, **attributes: str | int | float) -> Markup:
    """Write an element; class_ and data_x are the attributes class and data-x."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{join(content)}</{name}>")


def paragraph(*content: Content, class_: str = "") -> Markup:
    """Write a paragraph."""
    return tag("p", *content, **({"class_": class_} if class_ else {}))


def listing(items: Iterable[Content]) -> Markup:
    """Write a list of points, nothing if there are none."""
    written = [tag("li", item) for item in items]
    return tag("ul", *written) if written else Markup()


def section(title: str, *content: Content) -> Markup:
    """Write a part of the page with its heading; nothing if it is empty."""
    inner = join(content)
    return tag("section", tag("h2", title), inner, "\n") if inner else Markup()


def table(header: Sequence[Content], rows: Iterable[Sequence[Content]], caption: Content = "") -> Markup:
    """Write a table that scrolls by itself where it is too wide; the first cell of a row names it."""
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in header)))
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    told = [tag("caption", caption)] if caption else []
    # What scrolls has to be reached by the keyboard.
    return tag("div", tag("table", *told, head, tag("tbody", *body)), class_="scroll", tabindex=0, role="group")


def facts(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Write names and what they stand for; those that stand for nothing are left out."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value != ""))


def more(summary: Content, *content: Content, is_open: bool = False) -> Markup:
    """Write what is shown when it is asked for."""
    inner = join([tag("summary", summary), *content])
    return Markup(f"<details{' open' * is_open}>{inner}</details>")


def bar(share: float, label: str = "", mark: float | None = None) -> Markup:
    """Draw a share of 1 as a bar, with a mark for what it is compared with."""
    place = f"{100 * min(max(share, 0.0), 1.0):.1f}%"
    parts = [f'<rect class="track" width="100%" height="100%"/><rect class="full" width="{place}" height="100%"/>']
    if mark is not None:
        parts.append(f'<rect class="mark" x="{100 * min(max(mark, 0.0), 1.0):.1f}%" width="2" height="100%"/>')
    named = f'role="img" aria-label="{html.escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(f'<svg class="bar" {named}>{"".join(parts)}</svg>')


def histogram(counts: Sequence[int], label: str) -> Markup:
    """Draw counts of bins of the same width side by side."""
    most, width = max(counts) or 1, 100 / len(counts)
    bars = [
        f'<rect x="{place * width:.2f}" y="{40 - height:.1f}" width="{width * 0.9:.2f}" height="{height:.1f}"/>'
        for place, count in enumerate(counts)
        if (height := 40 * count / most)
    ]
    named = html.escape(label)
    start = f'<svg class="histogram" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="{named}">'
    return Markup(f"{start}{''.join(bars)}</svg>")
