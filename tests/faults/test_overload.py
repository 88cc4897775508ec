"""More than the server can do: it goes on at its pace, refuses the rest at once, and its probes answer."""

import asyncio
import statistics
import time

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import PASSENGER, ask, load, predict, request
from tests.server import serve

SATURATED = 8  # Clients.
SECONDS = 3
TRIES = 3  # The machine has other things to do, which can spoil a measurement.
HEAVY = predict(*[PASSENGER] * 2_000)  # Some 2 ms of work, and too large for the fast lane.
PROBES = [request("GET", path) for path in ("/health", "/ready", "/metrics")]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_server_with_four_times_its_load_goes_on_at_its_pace(installed: Installed, framework: str) -> None:
    async def goodput(port: int, clients: int) -> tuple[float, list[float], list[float]]:
        """Load, and return answers a second, the times of refusals, and those of probes, in seconds."""
        probes = []
        async with load(port, HEAVY, clients=clients) as results:
            await asyncio.sleep(0.5)
            before = results.statuses[200]
            started = time.monotonic()
            while time.monotonic() < started + SECONDS:
                for probe in PROBES:
                    answer = await ask(port, probe)
                    assert answer.status == 200
                    probes.append(answer.seconds)
                await asyncio.sleep(0.1)
            rate = (results.statuses[200] - before) / (time.monotonic() - started)
        assert results.lost == {}
        assert set(results.statuses) <= {200, 503}
        refused = [answer for answer in results.answers if answer.status == 503]
        assert all("retry-after" in answer.headers for answer in refused)
        return rate, [answer.seconds for answer in refused], probes

    async def measure(port: int) -> str | None:
        """Say what is not as it must be."""
        peak, _, _ = await goodput(port, SATURATED)
        rate, refusals, probes = await goodput(port, 4 * SATURATED)
        assert refusals, "nothing was refused"
        if rate < 0.9 * peak:
            return f"{rate:.0f} answers a second of {peak:.0f}"
        if statistics.median(refusals) > 0.05:
            return f"a refusal takes {statistics.median(refusals):.3f} s"
        if statistics.quantiles(probes, n=20)[-1] > 0.1:
            return f"probes take up to {max(probes):.3f} s"
        return None

    with serve(installed(framework), WORKERS="2", MAX_CONCURRENCY="4") as port:
        for _ in range(TRIES):
            fault = asyncio.run(measure(port))
            if not fault:
                return
    pytest.fail(fault)


@pytest.mark.parametrize("settings", [{}, {"FAST_LANE": "0"}], ids=str)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_takes_too_long_is_a_504_and_others_are_served(
    installed: Installed, framework: str, settings: dict[str, str]
) -> None:
    async def ask_much(port: int) -> None:
        late = await ask(port, predict(*[PASSENGER] * 90_000))
        answers = [(await ask(port, predict(PASSENGER))).status for _ in range(20)]

        assert late.status == 504
        assert answers == [200] * 20
        assert (await ask(port, request("GET", "/ready"))).status == 200

    with serve(installed(framework), REQUEST_TIMEOUT="0.05", MAX_CONCURRENCY="2", **settings) as port:
        asyncio.run(ask_much(port))
