"""More than the server can do: it goes on, refuses the rest, and its probes answer."""

import asyncio

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import PASSENGER, Results, ask, load, predict, request
from tests.server import PATIENCE, serve

SATURATED = 8  # Clients.
ROUNDS = 3
ANSWERS = 100  # Of each round.
HEAVY = predict(*[PASSENGER] * 2_000)  # Some 2 ms of work.
PROBES = [request("GET", path) for path in ("/health", "/ready", "/metrics")]


async def overload(port: int) -> Results:
    """Load a server until it has given so many answers, and ask for its probes meanwhile."""
    async with load(port, HEAVY, clients=4 * SATURATED) as results:
        while results.statuses[200] < ANSWERS:
            for probe in PROBES:
                assert (await ask(port, probe)).status == 200
    return results


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_server_with_four_times_its_load_answers_what_it_can_and_refuses_the_rest(
    installed: Installed, framework: str
) -> None:
    with serve(installed(framework), WORKERS="2", MAX_CONCURRENCY="4") as port:
        rounds = [asyncio.run(overload(port)) for _ in range(ROUNDS)]

    assert all(results.lost == {} for results in rounds)
    answers = [answer for results in rounds for answer in results.answers]
    assert {answer.status for answer in answers} == {200, 503}
    refused = [answer for answer in answers if answer.status == 503]
    assert all("retry-after" in answer.headers for answer in refused)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_takes_too_long_is_a_504_and_others_are_served(installed: Installed, framework: str) -> None:
    async def ask_much(port: int) -> None:
        late = await ask(port, predict(*[PASSENGER] * 90_000))
        served = 0
        while served < 20:  # Not each one at once, where the machine has other things to do.
            served += (await ask(port, predict(PASSENGER))).status == 200

        assert late.status == 504
        assert (await ask(port, request("GET", "/ready"))).status == 200

    with serve(installed(framework), REQUEST_TIMEOUT="0.05", MAX_CONCURRENCY="2") as port:
        asyncio.run(asyncio.wait_for(ask_much(port), PATIENCE))
