"""Measure how a running server bears four times its load: python -m benchmarks.overload PORT

Start it with MAX_CONCURRENCY=4, so that a few clients are too many. Saturated and overloaded rounds take turns.
"""

import asyncio
import statistics
import sys
import time

from tests.faults.load import PASSENGER, ask, load, predict, request

SATURATED = 8  # Clients.
ROUNDS = 4
SECONDS = 2.0
HEAVY = predict(*[PASSENGER] * 2_000)  # Some 2 ms of work.
PROBES = [request("GET", path) for path in ("/health", "/ready", "/metrics")]


class Load:
    """What was seen of so many clients, in some rounds."""

    def __init__(self, clients: int) -> None:
        self._clients = clients
        self._answers = 0
        self._seconds = 0.0
        self.refusals: list[float] = []
        """Seconds that each refusal took."""
        self.probes: list[float] = []
        """Seconds that each probe took."""

    async def run(self, port: int) -> None:
        """Load a server for a round, and ask for its probes meanwhile."""
        async with load(port, HEAVY, clients=self._clients) as results:
            started = time.monotonic()
            while time.monotonic() < started + SECONDS:
                self.probes += [(await ask(port, probe)).seconds for probe in PROBES]
                await asyncio.sleep(0.1)
            self._answers += results.statuses[200]
            self._seconds += time.monotonic() - started
        self.refusals += [answer.seconds for answer in results.answers if answer.status == 503]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self._answers / self._seconds


async def measure(port: int) -> None:
    saturated, overloaded = Load(SATURATED), Load(4 * SATURATED)
    for _ in range(ROUNDS):
        await saturated.run(port)
        await overloaded.run(port)
    print(f"answers a second: {saturated.rate:.0f} saturated, {overloaded.rate:.0f} overloaded")
    print(f"that is {overloaded.rate / saturated.rate:.2f} of its pace")
    if overloaded.refusals:
        print(f"refusals, median: {1000 * statistics.median(overloaded.refusals):.1f} ms")
    print(f"probes, 95 %: {1000 * statistics.quantiles(overloaded.probes, n=20)[-1]:.1f} ms")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("name the port of a running server: python -m benchmarks.overload 8080")
    asyncio.run(measure(int(sys.argv[1])))
