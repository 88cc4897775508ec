"""What was measured, as tables."""

import json
import os
import platform
import statistics
from collections import defaultdict
from datetime import UTC, datetime

from benchmarks import chart
from benchmarks.build import BENCH, ROOT
from benchmarks.load import Figures
from benchmarks.servers import FRAMEWORKS
from benchmarks.targets import TARGETS, number

COLUMNS = {
    "req/s": "one rate",
    "p50 ms": "one p50",
    "p99 ms": "one p99",
    "CPU µs a request": "one cpu",
    "rows/s, 100 a request": "hundred rate",
    "p50 ms alone": "alone p50",
    "memory MB": "memory",
    "cold start s": "cold",
    "on disk MB": "disk",
}
DOCS = ROOT / "docs" / "benchmarks.md"


class Results:
    """The figures of all rounds, and why some are missing."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.titles: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, server: str, figures: Figures) -> None:
        """Note the figures of a round."""
        for name, value in figures.items():
            self.figures[server][name].append(value)

    def fail(self, server: str, reason: str) -> None:
        """Note why a server is not measured, and drop what was."""
        self.failures[server] = reason.replace("|", "/")
        self.figures.pop(server, None)

    def get(self, server: str, name: str) -> float | None:
        """Return the median of the rounds, or None where there is none, also where there is no /proc to read."""
        values = self.figures.get(server, {}).get(name)
        value = statistics.median(values) if values else 0
        if name == "hundred rate":
            value *= 100
        return value or None

    def save(self) -> None:
        """Write the raw figures."""
        raw = {"command": self.command, "failures": self.failures, "figures": self.figures}
        (BENCH / "results.json").write_text(json.dumps(raw, indent=2))

    def publish(self) -> None:
        """Write the documentation."""
        found = [(name, self.get(name, "one rate")) for name in self.titles if self.get(name, "alone p50")]
        DOCS.with_suffix(".svg").write_text(
            chart.draw([(self.titles[name], name, rate) for name, rate in found if rate])
        )
        DOCS.write_text(f"# Benchmarks\n\n![Requests a second](benchmarks.svg)\n\n{self.markdown()}")

    def markdown(self) -> str:
        """Write the tables."""
        where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
        lines = [
            f"`{self.command}`, {datetime.now(UTC):%Y-%m-%d}, {where}.",
            "Two workers each; one record a request over 16 connections where nothing else is said. Each figure is the",
            "median of the rounds, in which the servers take turns; the load generator shares the cores.",
            "",
            *table(["server", *COLUMNS], [self.row(name) for name in self.titles]),
        ]
        if targets := self.targets():
            heads = [head for title in FRAMEWORKS.values() for head in (title, "must be")]
            lines += ["", "## What it must show", "", *table(["", *heads], targets)]
        return "\n".join([*lines, ""])

    def row(self, server: str) -> list[str]:
        """Write the figures of a server, or why there are none."""
        if server in self.failures:
            return [self.titles[server], f"not measured: {self.failures[server]}", *[""] * (len(COLUMNS) - 1)]
        return [self.titles[server], *(number(self.get(server, name)) for name in COLUMNS.values())]

    def targets(self) -> list[list[str]]:
        """Write what was measured beside what is wanted, as far as it was measured."""
        rows = []
        for target in TARGETS:
            values = [target.value(framework, self.get) for framework in FRAMEWORKS]
            if any(values):
                limits = zip(values, target.limits, strict=True)
                rows.append([target.label, *(cell for pair in limits for cell in target.cells(*pair))])
        return rows


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Write a Markdown table, its first column to the left."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(row)} |" for row in (head, marks, *rows)]
