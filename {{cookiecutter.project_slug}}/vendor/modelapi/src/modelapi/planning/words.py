"""A plan as people read it, with the settings to paste."""

from __future__ import annotations

from modelapi.planning.measure import Measured
from modelapi.planning.queue import Outcome
from modelapi.planning.sizing import BUSY, SHARE, SPARE, Plan, Target

MEGABYTE = 1_000_000
DISTURBED = (
    "Other work of this machine held the server up. That is left out of the times, which are too short, but the core"
    " was slower for it: plan again when the machine is quiet."
)


def describe(title: str, rows: int, measured: Measured, target: Target, plan: Plan) -> str:
    """Write what was measured, what the load needs, what to set, and what happens beyond it."""
    records = "a record" if rows == 1 else f"{rows:,} records"
    sentences = [
        _limit(target, plan),
        _beyond(measured, plan),
        "One replica can fail, or be replaced by a new version, and the others bear the load.",
        "This holds where a balancer spreads the load over the workers, on some hundred connections or more.",
    ]
    if measured.is_disturbed:
        sentences.append(DISTURBED)
    blocks = [
        f"{title}, measured on a core of this machine, {records} a request:",
        _costs(measured, plan),
        f"{_number(target.rps)} requests a second, 99 of 100 answered within {_ms(target.p99)}, need:",
        _needs(measured, target, plan),
        "Settings of each replica:",
        f"  WORKERS={plan.workers}\n  MAX_CONCURRENCY={plan.max_concurrency}",
        "\n".join(sentences),
    ]
    return "\n\n".join(blocks)


def _costs(measured: Measured, plan: Plan) -> str:
    costs = measured.costs
    whole = costs.alone * (1 + costs.rest) + costs.outside
    return _table(
        alone=f"{_ms(costs.alone)} of a core, {_ms(whole)} in all",
        together=f"{_ms(1 / plan.capacity)} of a core: {_number(plan.capacity)} requests a second fill it",
    )


def _needs(measured: Measured, target: Target, plan: Plan) -> str:
    needed, memory = plan.replicas - SPARE, measured.memory
    usual, without_spare = (target.rps / (number * plan.workers * plan.capacity) for number in (plan.replicas, needed))
    return _table(
        replicas=f"{plan.replicas:,}: {needed:,} for the load, and {SPARE} that may be away",
        cores=f"{plan.replicas * plan.workers:,}: {plan.workers:,} each, with a worker on each",
        memory=f"{memory.of(plan.workers) / MEGABYTE:,.0f} MB each" if memory else "not told here",
        p99=f"{_p99(plan.usual)}; {_p99(plan.without_spare)} with one away",
        busy=f"{usual:.0%} of a core; {without_spare:.0%} with one away",
    )


def _limit(target: Target, plan: Plan) -> str:
    rate = f"{_number(plan.rate)} requests a second"
    if plan.is_by_p99:
        return f"The time limits: over {rate} in a worker, more than 1 of 100 take longer than {_ms(target.p99)}."
    return f"The cores limit: a worker gets {rate} at most, {BUSY:.0%} of what fills its core."


def _beyond(measured: Measured, plan: Plan) -> str:
    room = measured.limits(plan.max_concurrency).room
    dear = measured.costs.refusal * plan.capacity
    return (
        f"Beyond {_number(plan.capacity)} in a worker a queue grows: the last of {room} in it takes {_p99(plan.full)},"
        f" who comes then gets 503 and Retry-After, and each refusal costs {dear:.0%} of an answer."
    )


def _p99(outcome: Outcome) -> str:
    return _ms(outcome.percentile(SHARE))


def _table(**rows: str) -> str:
    return "\n".join(f"  {name:<11}{text}" for name, text in rows.items())


def _ms(seconds: float) -> str:
    """Write two digits of so many milliseconds, for no more are measured."""
    return f"{float(f'{1e3 * seconds:.2g}'):,g} ms"


def _number(number: float) -> str:
    """Write three digits."""
    return f"{float(f'{number:.3g}'):,.10g}"
