"""Metrics for Prometheus, right across worker processes and after one was replaced.

A server of several workers sets PROMETHEUS_MULTIPROC_DIR (modelapi.serving.shared): each worker counts in files of its
own there, and whichever is asked adds them up. Without it there is one process, which counts in memory.
"""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from modelapi.serving.answers import Answer
from modelapi.serving.output import on_loss
from modelapi.serving.shared import FOLDER, take_number

_number = ""
if FOLDER in os.environ:

    def _take_number() -> None:
        global _number
        _number = take_number(Path(os.environ[FOLDER]))

    _take_number()
    os.register_at_fork(after_in_child=_take_number)
    values.ValueClass = values.MultiProcessValue(lambda: _number)  # type: ignore[no-untyped-call]

BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_requests = Counter("http_requests", "Requests answered.", ["route", "status"])
_seconds = Histogram("http_request_duration_seconds", "Time to the answer.", ["route"], buckets=BUCKETS)
_in_progress = Gauge("http_requests_in_progress", "Requests under way.", multiprocess_mode="livesum")
_rows = Counter("model_rows", "Rows predicted.")
_engine_seconds = Histogram("model_engine_seconds", "Time of a call of the engine.", buckets=BUCKETS)
_lost = Counter("log_lines_lost", "Lines of the log that could not be written.")
on_loss.append(_lost.inc)

added = CollectorRegistry()
"""What other modules add up over the workers themselves."""

# To look the children of a metric up again costs more than to count.
_by_route: dict[tuple[str | None, int], tuple[Counter, Histogram]] = {}


def begin() -> None:
    """Count a request as under way."""
    _in_progress.inc()


def end(route: str | None, status: int, seconds: float, rows: int) -> None:
    """Count a request as answered."""
    try:
        requests, durations = _by_route[route, status]
    except KeyError:
        label = route or "none"
        requests, durations = _by_route[route, status] = (_requests.labels(label, status), _seconds.labels(label))
    requests.inc()
    durations.observe(seconds)
    if rows:
        _rows.inc(rows)
    _in_progress.dec()


def engine_took(seconds: float) -> None:
    """Count a call of the engine."""
    _engine_seconds.observe(seconds)


def number() -> str:
    """Return the number of this process, which no other of the workers has; it has none where it is alone."""
    return _number


def exposition() -> Answer:
    """Answer all metrics as Prometheus reads them."""
    registry = REGISTRY
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Answer(generate_latest(registry) + generate_latest(added), CONTENT_TYPE_PLAIN_0_0_4)
