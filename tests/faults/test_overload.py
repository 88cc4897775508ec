"""More than the server can do: it goes on at its pace, refuses the rest at once, and its probes answer."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import PASSENGER, ask, load, predict, request
from tests.server import serve

SATURATED = 8  # Clients.
ROUNDS = 4  # With and without what is too much, for the machine has other things to do.
SECONDS = 1.5
TRIES = 6  # The machine has other things to do, which can spoil a measurement.
HEAVY = predict(*[PASSENGER] * 2_000)  # Some 2 ms of work.
PROBES = [request("GET", path) for path in ("/health", "/ready", "/metrics")]


@dataclass
class Measured:
    """What was seen of a load, in some rounds."""

    answers: int = 0
    seconds: float = 0
    refusals: list[float] = field(default_factory=list)
    """Seconds that each refusal took."""
    probes: list[float] = field(default_factory=list)
    """Seconds that each probe took."""

    async def load(self, port: int, clients: int) -> None:
        """Load a server for a round."""
        async with load(port, HEAVY, clients=clients) as results:
            await asyncio.sleep(0.4)
            before, started = results.statuses[200], time.monotonic()
            while time.monotonic() < started + SECONDS:
                for probe in PROBES:
                    answer = await ask(port, probe)
                    assert answer.status == 200
                    self.probes.append(answer.seconds)
                await asyncio.sleep(0.1)
            self.answers += results.statuses[200] - before
            self.seconds += time.monotonic() - started
        refused = [answer for answer in results.answers if answer.status == 503]
        self.refusals += [answer.seconds for answer in refused]
        assert results.lost == {}
        assert set(results.statuses) <= {200, 503}
        assert all("retry-after" in answer.headers for answer in refused)

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


@pytest.mark.alone
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_server_with_four_times_its_load_goes_on_at_its_pace(installed: Installed, framework: str) -> None:
    async def measure(port: int) -> str | None:
        """Say what is not as it must be."""
        saturated, overloaded = Measured(), Measured()
        for _ in range(ROUNDS):
            await saturated.load(port, SATURATED)
            await overloaded.load(port, 4 * SATURATED)
        assert overloaded.refusals, "nothing was refused"
        if overloaded.rate < 0.9 * saturated.rate:
            return f"{overloaded.rate:.0f} answers a second of {saturated.rate:.0f}"
        if (refusal := statistics.median(overloaded.refusals)) > 0.05:
            return f"a refusal takes {refusal:.3f} s"
        if (probe := statistics.quantiles(overloaded.probes, n=20)[-1]) > 0.1:
            return f"a probe takes {probe:.3f} s"
        return None

    with serve(installed(framework), WORKERS="2", MAX_CONCURRENCY="4") as port:
        for _ in range(TRIES):
            fault = asyncio.run(measure(port))
            if not fault:
                return
    pytest.fail(fault)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_takes_too_long_is_a_504_and_others_are_served(installed: Installed, framework: str) -> None:
    async def ask_much(port: int) -> None:
        late = await ask(port, predict(*[PASSENGER] * 90_000))
        answers = [(await ask(port, predict(PASSENGER))).status for _ in range(20)]

        assert late.status == 504
        assert answers == [200] * 20
        assert (await ask(port, request("GET", "/ready"))).status == 200

    with serve(installed(framework), REQUEST_TIMEOUT="0.05", MAX_CONCURRENCY="2") as port:
        asyncio.run(ask_much(port))
