"""The chart of docs/benchmarks.svg: bars on a logarithmic scale."""

import math
from html import escape

WIDTH, LEFT, TOP, BAR, STEP = 860, 230, 48, 20, 28
SPAN = WIDTH - LEFT - 80


def draw(bars: list[tuple[str, str, float]]) -> str:
    """Draw titles, names and rates, the fastest first."""
    low = math.floor(math.log10(min(rate for *_, rate in bars)))
    high = max(low + 1, math.ceil(math.log10(max(rate for *_, rate in bars))))
    bottom = TOP + STEP * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" font-family="sans-serif" '
        'font-size="13" fill="#222">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="15">Requests a second, one record each (logarithmic scale)</text>',
    ]
    for power in range(low, high + 1):
        x = LEFT + SPAN * (power - low) / (high - low)
        parts += [
            f'<path d="M{x:.1f} {TOP - 6}V{bottom}" stroke="#ddd"/>',
            f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle" fill="#666">{10**power:,}</text>',
        ]
    for place, (title, name, rate) in enumerate(sorted(bars, key=lambda bar: -bar[2])):
        y, length = TOP + STEP * place, SPAN * (math.log10(rate) - low) / (high - low)
        colour = "#1a73c7" if name in ("fastapi", "flask") else "#9aa5b1" if name.startswith("hello") else "#d9a05b"
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(title)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LEFT + length + 6:.1f}" y="{y + 15}">{rate:,.0f}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
