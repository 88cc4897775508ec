"""How many workers and replicas a load needs, by what a worker bears in the simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modelapi.planning.measure import Measured
from modelapi.planning.queue import Outcome, arriving, asking

BUSY = 0.8  # Of a core, at most: beyond that a small rise of the load is a great one of the queue.
SPARE = 1  # Replicas that may be away, as when a machine fails or a version is rolled.
SHARE = 0.99  # Of the requests are answered in time.
STEPS = 7  # Of a search by halves.
QUIET = 0.001  # Of what a worker can bear, where requests hardly meet.
MOST, FEWEST = 256, 4  # Of MAX_CONCURRENCY: its default, and what lets some share a turn.
LONGEST_QUEUE = 1.0  # Seconds; who would wait for longer has mostly gone.


class PlanError(ValueError):
    """A load that no number of replicas bears."""


@dataclass(frozen=True)
class Target:
    """What is asked for."""

    rps: float
    p99: float
    """Seconds."""
    cores: int
    """Of a replica, at most."""


@dataclass(frozen=True)
class Plan:
    """What a load needs."""

    rate: float
    """Requests a second that a worker may get."""
    capacity: float
    """Those that fill its core."""
    replicas: int
    """With those to spare."""
    workers: int
    """Of a replica, one for each core."""
    max_concurrency: int
    usual: Outcome
    """What a worker's requests meet while all replicas are there."""
    without_spare: Outcome
    """While one of them is away."""
    full: Outcome
    """While its queue is full."""
    is_by_p99: bool
    """Whether the time to the answer limits a worker, and not its core."""


def plan(measured: Measured, target: Target) -> Plan:
    """Plan for a load. Raises PlanError if an answer takes too long even where none waits for another."""
    costs = measured.costs
    max_concurrency = bound(costs.request, target.p99)
    limits = measured.limits(max_concurrency)
    capacity = costs.capacity(limits.together)

    def after(rate: float) -> float:
        return arriving(costs, limits, rate).percentile(SHARE)

    if (least := after(capacity * QUIET)) > target.p99:
        raise PlanError(
            f"99 of 100 requests take up to {1e3 * least:.2g} ms where none waits for another, so more replicas do not"
            f" help: say P99={_round_up(1e3 * least)} or more, ask for fewer records at once, or train a lighter model"
        )
    rate, is_by_p99 = BUSY * capacity, after(BUSY * capacity) > target.p99
    if is_by_p99:
        low, high = QUIET * capacity, rate
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if after(middle) <= target.p99 else (low, middle)
        rate = low
    workers = math.ceil(target.rps / rate)
    needed = math.ceil(workers / target.cores)
    cores = math.ceil(workers / needed)  # Of as many replicas, the smallest.
    workers = needed * cores
    return Plan(
        rate,
        capacity,
        needed + SPARE,
        cores,
        max_concurrency,
        usual=arriving(costs, limits, target.rps / (workers + SPARE * cores)),
        without_spare=arriving(costs, limits, target.rps / workers),
        full=asking(costs, limits, limits.room),
        is_by_p99=is_by_p99,
    )


def bound(request: float, p99: float) -> int:
    """Choose MAX_CONCURRENCY, of which twice as many are in a full queue, so that the last of them does not wait long.

    A refusal of a small request costs as much as its answer: so no fewer than the default, unless requests are slow.
    """
    return max(FEWEST, min(MOST, int(max(LONGEST_QUEUE, p99) / (2 * request))))


def _round_up(number: float) -> float:
    """Round up to two digits."""
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / unit) * unit:.2g}")
