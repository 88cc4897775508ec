"""Planning: the simulated queue against what theory says of it, what follows for a load, and how it is said."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from random import Random

import pytest
from modelapi.planning.measure import Measured
from modelapi.planning.processes import Memory
from modelapi.planning.queue import Costs, Limits, arriving, asking
from modelapi.planning.sizing import Plan, PlanError, Target, bound, plan
from modelapi.planning.words import describe

ONE_BY_ONE = Limits(1, 10**9)
QUICK = Measured(Costs(0.0002, 0.00015, 0.00015), is_large=False, memory=Memory(90_000_000, 20_000_000), taken=0.0)
TARGET = Target(rps=5000, p99=0.05, cores=2)


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_fixed_times_of_service_wait_as_pollaczek_and_khinchine_say(load: float) -> None:
    outcome = arriving(Costs(0, 1, 1), ONE_BY_ONE, load)

    assert statistics.fmean(outcome.seconds) - 1 == pytest.approx(load / (2 * (1 - load)), rel=0.1)
    assert outcome.rate == pytest.approx(load, rel=0.03)


def test_random_times_of_service_are_distributed_as_those_of_m_m_1() -> None:
    random = Random(0)
    noise = [random.expovariate(1) - 1 for _ in range(10_000)]

    outcome = arriving(Costs(0, 1, 1, noise), ONE_BY_ONE, 0.5)

    for share in (0.5, 0.99):
        assert outcome.percentile(share) == pytest.approx(-math.log(1 - share) / 0.5, rel=0.1)


def test_a_short_queue_refuses_as_many_as_that_of_m_m_1_k() -> None:
    random, load, room = Random(0), 0.9, 5
    noise = [random.expovariate(1) - 1 for _ in range(10_000)]

    outcome = arriving(Costs(0, 1, 0, noise), Limits(1, room), load)

    assert outcome.refused == pytest.approx((1 - load) * load**room / (1 - load ** (room + 1)), rel=0.1)
    assert outcome.percentile(0.99) == math.inf


def test_clients_share_turns_and_a_slow_engine_rests_after_each() -> None:
    costs = Costs(call=3, request=1, refusal=1)

    assert asking(costs, Limits(8, 16), 8, requests=1000).rate == pytest.approx(8 / 11)
    assert asking(replace(costs, rest=0.2), Limits(8, 16), 8, requests=1000).rate == pytest.approx(8 / 13.2)
    assert asking(costs, Limits(4, 16), 8, requests=1000).rate == pytest.approx(4 / 7) == costs.capacity(4)


def test_the_same_load_is_the_same_plan() -> None:
    assert arriving(QUICK.costs, Limits(4, 8), 1000, requests=100) == arriving(
        QUICK.costs, Limits(4, 8), 1000, requests=100
    )


@pytest.fixture(scope="module")
def by_cores() -> Plan:
    return plan(QUICK, TARGET)


def test_more_requests_need_more_replicas_and_they_bear_them(by_cores: Plan) -> None:
    more = plan(QUICK, replace(TARGET, rps=100_000))

    for one, rps in ((by_cores, 5000), (more, 100_000)):
        assert (one.replicas - 1) * one.workers * one.rate >= rps > (one.replicas - 2) * one.workers * one.rate
        assert one.usual.percentile(0.99) <= one.without_spare.percentile(0.99) <= TARGET.p99
    assert more.replicas > by_cores.replicas


def test_replicas_have_no_more_cores_than_the_load_needs() -> None:
    five = plan(QUICK, replace(TARGET, rps=25_000, cores=4))  # Of 5,300 a worker.

    assert (five.replicas - 1, five.workers) == (2, 3)


def test_a_short_time_to_the_answer_needs_more_than_the_cores_do(by_cores: Plan) -> None:
    hurried = plan(QUICK, replace(TARGET, p99=0.001))

    assert hurried.is_by_p99
    assert hurried.rate < by_cores.rate == 0.8 * by_cores.capacity
    assert hurried.without_spare.percentile(0.99) <= 0.00105
    assert "\nThe time limits: over " in describe("Pets", 1, QUICK, replace(TARGET, p99=0.001), hurried)


def test_no_number_of_replicas_answers_sooner_than_one_request_takes() -> None:
    with pytest.raises(PlanError, match=r"^99 of 100 requests take up to 0\.35 ms .* say P99=0\.36 or more, "):
        plan(QUICK, replace(TARGET, p99=0.0003))


@pytest.mark.parametrize(("request_seconds", "most"), [(0.0001, 256), (0.005, 100), (1, 4)])
def test_a_full_queue_of_a_slow_model_is_short(request_seconds: float, most: int) -> None:
    assert bound(request_seconds, p99=0.05) == most


def test_large_requests_are_predicted_one_by_one() -> None:
    large = replace(QUICK, is_large=True)

    assert (large.limits(256), large.limits(8)) == (Limits(1, 80), Limits(1, 16))


def test_a_plan_says_what_to_set_and_what_happens_beyond_it(by_cores: Plan) -> None:
    text = describe("Pets", 1, QUICK, TARGET, by_cores)

    assert text.startswith("Pets, measured on a core of this machine, a record a request:\n")
    assert "\n  alone      0.35 ms of a core, 0.35 ms in all\n" in text
    assert "\n  replicas   2: 1 for the load, and 1 that may be away\n  cores      2: 1 each, " in text
    assert "\n  memory     90 MB each\n" in text
    assert "\n  WORKERS=1\n  MAX_CONCURRENCY=256\n" in text
    assert "\nThe cores limit: a worker gets 5,310 requests a second at most, 80% of what fills its core.\n" in text
    assert "the last of 512 in it takes 77 ms, who comes then gets 503 and Retry-After" in text
    assert text.endswith("on some hundred connections or more.")


def test_a_plan_that_was_disturbed_says_so(by_cores: Plan) -> None:
    text = describe("Pets", 1000, replace(QUICK, taken=0.5, memory=None), TARGET, by_cores)

    assert ", 1,000 records a request:\n" in text
    assert "\n  memory     not told here\n" in text
    assert "\nOther work of this machine held the server up. " in text
