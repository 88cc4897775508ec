"""The queue before a worker, simulated: what comes in a turn of the event loop shares a call of the engine.

A turn takes as many of those who wait as may be in work at once. It lasts as long as the call and what each request of
it takes besides; a slow engine then rests for a moment, in which more gather. Who finds the queue full is refused, in
the next turn, which costs time too. Connections are spread over workers as they come, so each has a queue of its own.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import simpy

REQUESTS = 20_000  # Of a simulation: 200 beyond the slowest hundredth.
WARM = 0.1  # Of them, which find a queue that is still filling.

Request = tuple[float, simpy.Event]
"""When it was asked, and what happens when it is answered."""
Process = Generator[simpy.Event, Any, None]
Source = Callable[[simpy.Environment, "Worker"], Process]


@dataclass(frozen=True)
class Costs:
    """Seconds of one core."""

    call: float
    """For a turn, however many requests share it."""
    request: float
    """For each request of it."""
    refusal: float
    """For each that is refused."""
    noise: Sequence[float] = (0.0,)
    """What else befalls a worker in the time that a request alone takes, as other work of the machine: one of these."""
    rest: float = 0.0
    """After a turn, as a share of it."""
    outside: float = 0.0
    """On the way to the worker and back, which takes none of its time."""

    @property
    def alone(self) -> float:
        """For a request that shares its turn with no other."""
        return self.call + self.request

    def capacity(self, together: int) -> float:
        """Requests a second that keep a worker busy, if so many share each turn."""
        work = self.call + self.request * together
        return together / (work * (1 + statistics.fmean(self.noise) / self.alone) * (1 + self.rest))

    def draw(self, answered: int, refused: int, random: Random) -> float:
        """Draw how long a turn takes that answers and refuses so many."""
        work = self.call + self.request * answered + self.refusal * refused
        n_befalls = int(work / self.alone + random.random())
        return max(0.0, work + sum(random.choices(self.noise, k=n_befalls)))


@dataclass(frozen=True)
class Limits:
    """How many requests of a worker share a turn, and how many may be there, in work or waiting."""

    together: int
    room: int


@dataclass(frozen=True)
class Outcome:
    """What became of the requests: seconds that each took, infinite for those refused, and answers a second."""

    seconds: Sequence[float]
    rate: float

    def percentile(self, share: float) -> float:
        """How long that share of the requests took at most; infinite if more were refused."""
        return sorted(self.seconds)[math.ceil(share * len(self.seconds)) - 1]

    @property
    def refused(self) -> float:
        """The share of the requests that was refused."""
        return sum(map(math.isinf, self.seconds)) / len(self.seconds)


class Worker:
    """One worker process on a core of its own."""

    def __init__(self, environment: simpy.Environment, costs: Costs, limits: Limits, random: Random) -> None:
        self.seconds: list[float] = []
        self._environment = environment
        self._costs = costs
        self._limits = limits
        self._random = random
        self._waiting = simpy.Store(environment)
        self._refused: list[simpy.Event] = []
        self._n_there = 0
        environment.process(self._turns())

    def ask(self) -> simpy.Event:
        """Send a request; what is returned happens when it is answered."""
        answered = self._environment.event()
        if self._n_there < self._limits.room:
            self._n_there += 1
            self._waiting.put((self._environment.now, answered))
        else:
            self._refused.append(answered)
        return answered

    def _turns(self) -> Process:
        costs, queue = self._costs, self._waiting.items
        while True:
            first: Request = yield self._waiting.get()
            turn = [first]
            turn += queue[: self._limits.together - 1]
            del queue[: len(turn) - 1]
            refused, self._refused = self._refused, []
            took = costs.draw(len(turn), len(refused), self._random)
            yield self._environment.timeout(took)
            self._n_there -= len(turn)
            now = self._environment.now
            self.seconds += [now - asked + costs.outside for asked, _ in turn] + [math.inf] * len(refused)
            for answered in (*(answered for _, answered in turn), *refused):
                answered.succeed()
            yield self._environment.timeout(took * costs.rest)


def arriving(costs: Costs, limits: Limits, rate: float, *, requests: int = REQUESTS, seed: int = 0) -> Outcome:
    """Let requests arrive at random at a worker, so many a second on average, whatever became of those before."""

    def arrivals(environment: simpy.Environment, worker: Worker) -> Process:
        while True:
            yield environment.timeout(random.expovariate(rate))
            worker.ask()

    random = Random(seed)  # No secret.
    return _run(costs, limits, [arrivals], requests, random)


def asking(costs: Costs, limits: Limits, clients: int, *, requests: int = REQUESTS, seed: int = 0) -> Outcome:
    """Let clients ask a worker, each as soon as it has its answer."""

    def client(environment: simpy.Environment, worker: Worker) -> Process:
        while True:
            yield worker.ask()
            yield environment.timeout(costs.outside)

    return _run(costs, limits, [client] * clients, requests, Random(seed))


def _run(costs: Costs, limits: Limits, sources: Sequence[Source], requests: int, random: Random) -> Outcome:
    environment = simpy.Environment()
    worker = Worker(environment, costs, limits, random)
    for source in sources:
        environment.process(source(environment, worker))
    warm = int(requests * WARM)
    while len(worker.seconds) < warm:
        environment.step()
    n_before, before = len(worker.seconds), environment.now
    while len(worker.seconds) < n_before + requests:
        environment.step()
    seconds = worker.seconds[n_before:]
    n_answered = sum(map(math.isfinite, seconds))
    return Outcome(seconds, n_answered / (environment.now - before))
