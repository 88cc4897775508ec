"""What the figures must show, for each of the two frameworks."""

from collections.abc import Callable
from dataclasses import dataclass

Get = Callable[[str, str], float | None]


@dataclass(frozen=True)
class Target:
    """A figure of a server, or its ratio to the largest of some others; {} stands for the framework."""

    label: str
    sign: str  # Empty where nothing is wanted.
    limits: tuple[float, float]  # Of FastAPI and of Flask.
    figure: str
    server: str = "{}"
    others: tuple[str, ...] = ()
    other_figure: str = ""

    def value(self, framework: str, get: Get) -> float | None:
        """Calculate it, or return None if something was not measured."""
        own = get(self.server.format(framework), self.figure)
        if not self.others or own is None:
            return own
        found = [get(other.format(framework), self.other_figure or self.figure) for other in self.others]
        largest = max((value for value in found if value), default=None)
        return own / largest if largest else None

    def cells(self, value: float | None, limit: float) -> list[str]:
        """Write what was measured and what is wanted."""
        if not self.sign or value is None:
            return [number(value), f"{self.sign} {limit:g}" if self.sign else ""]
        met = value >= limit if self.sign == "≥" else value <= limit
        return [f"{number(value)}{'' if met else ' ✗'}", f"{self.sign} {limit:g}"]


def number(value: float | None) -> str:
    """Write a figure in three digits."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


OWN, HELLO, TUTORIAL, TABLES, SERVER = ("{}",), ("hello-{}",), ("tutorial-{}",), "{}-tables", "{}-plain-server"
HEALTH = "/health beside four tables of 100,000 rows"
TARGETS = [
    Target("req/s, times its own hello world", "≥", (0.65, 0.35), "one rate", others=HELLO),
    Target("CPU a request, times its own hello world", "", (0, 0), "one cpu", others=HELLO),
    Target("req/s, times the tutorial of its framework", "≥", (20, 12), "one rate", others=TUTORIAL),
    Target(
        "req/s, times the best of MLflow, BentoML, LitServe",
        "≥",
        (10, 6),
        "one rate",
        others=("mlflow", "bentoml", "litserve"),
    ),
    Target("req/s, times Mosec", "≥", (3, 2), "one rate", others=("mosec",)),
    Target("rows/s with 100 rows a request, times Mosec", "≥", (3, 2.5), "hundred rate", others=("mosec",)),
    Target(
        "own route, CPU a request, times the plain framework", "≤", (1.25, 1.5), "one cpu", "{}-route", ("plain-{}",)
    ),
    Target(
        "the same, times the plain framework with an access log", "", (0, 0), "one cpu", "{}-route", ("logging-{}",)
    ),
    Target("CPU a request under the framework's own server, times modelapi serve", "", (0, 0), "one cpu", SERVER, OWN),
    Target("CPU a request with an own dependency, times without", "", (0, 0), "one cpu", "{}-dependency", OWN),
    Target("p50 on one connection, ms", "", (0, 0), "alone p50"),
    Target("p50 on one connection, times its own hello world", "", (0, 0), "alone p50", others=HELLO),
    Target(
        "forest of 200 trees, req/s, times the tutorial",
        "",
        (0, 0),
        "one rate",
        "{}-forest",
        ("tutorial-{}-forest",),
    ),
    Target("engine sklearn, req/s, times the tutorial", "", (0, 0), "one rate", "{}-sklearn", TUTORIAL),
    Target(f"{HEALTH} in CSV, p99 ms", "≤", (50, 50), "csv p99", TABLES),
    Target(f"{HEALTH} in CSV, slowest ms", "", (0, 0), "csv max", TABLES),
    Target(f"{HEALTH} in JSON, p99 ms", "≤", (50, 50), "json p99", TABLES),
    Target(f"{HEALTH} in JSON, slowest ms", "", (0, 0), "json max", TABLES),
    Target("cold start, s", "≤", (1, 1), "cold"),
    Target("memory of two workers, MB", "≤", (150, 150), "memory"),
    Target("serving environment on disk, MB", "≤", (200, 200), "disk"),
    Target("time a row of 1,000 rows in JSON, µs", "", (0, 0), "row 1000", TABLES),
    Target("of 10,000 rows, times that", "≤", (1.1, 1.1), "row 10000", TABLES, (TABLES,), "row 1000"),
    Target("of 100,000 rows, times that of 10,000", "≤", (1.1, 1.1), "row 100000", TABLES, (TABLES,), "row 10000"),
    Target(
        "two workers with 1,000 rows a request, times one",
        "≥",
        (1.7, 1.7),
        "thousand rate",
        "{}-2-workers",
        ("{}-1-worker",),
    ),
    Target("wrk's share of a core in that, per cent", "", (0, 0), "thousand client", "{}-2-workers"),
]
