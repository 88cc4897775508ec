"""Compare what modelapi plan predicts of a worker with what it does: in a project, .venv/bin/python BENCHMARKS/plan.py

Each round measures the costs anew, by which all is predicted, and then loads another server. Requests arrive at
random, whatever is answered, and the time to an answer counts from the moment at which its request was due. It takes
two cores that have nothing else to do, one for the server and one for the load.
"""

import itertools
import select
import statistics
import sys
import time
from collections import defaultdict, deque
from random import Random

from modelapi.package import current, read_signature
from modelapi.planning.load import PATIENCE, Answers, connected
from modelapi.planning.measure import Measured, Server, measure, served, write_requests
from modelapi.planning.queue import arriving, asking
from modelapi.process.preflight import load_settings
from modelapi.project import current_project

ROUNDS = 3
SATURATED = 256  # Clients; the plan is made from what 1 and 128 of them cost.
LOADS = (0.5, 0.7, 0.8)  # Of what the plan says that a worker can bear.
SECONDS = 5
CONNECTIONS = 500
MAX_CONCURRENCY = 256

Pair = tuple[float, float]  # Predicted and measured.


def ask_at(port: int, requests: list[bytes], moments: list[float]) -> Answers:
    """Ask at moments, in seconds from now, whatever is answered; who finds no free connection waits for one."""
    answers, turns = Answers(), itertools.cycle(requests)
    with connected(port, CONNECTIONS) as (selector, free):
        for one in free:  # To accept hundreds of connections takes a server a tenth of a second.
            one.ask(next(turns), 0.0)
            while not one.hear(Answers()):
                pass
        started = time.perf_counter()
        due = deque(started + moment for moment in moments)
        while due or len(free) < CONNECTIONS:
            while due and free and due[0] <= time.perf_counter():
                free.pop().ask(next(turns), due.popleft())
            pause = due[0] - time.perf_counter() if due and free else PATIENCE
            # The selector counts in milliseconds, select() in microseconds, but not for many connections.
            if select.select([selector], [], [], max(0.0, pause))[0]:
                free += [key.data for key, _ in selector.select(0) if key.data.hear(answers)]
    return answers


def run_round(server: Server, requests: list[bytes], measured: Measured, seed: int) -> dict[str, Pair]:
    """Load a server, and return what was predicted of it and what it did."""
    costs, limits = measured.costs, measured.limits(MAX_CONCURRENCY)
    server.load(requests, SATURATED, 1)
    load = server.load(requests, SATURATED, SECONDS)
    print(f"  saturated, the server has {load.cpu / load.answers.duration:.0%} of its core")
    figures = {"answers in a second of it": (asking(costs, limits, SATURATED).rate, 1 / load.each)}
    for share in LOADS:
        random, moments, moment = Random(seed), list[float](), 0.0
        rate = share * costs.capacity(limits.together)
        while (moment := moment + random.expovariate(rate)) < SECONDS:
            moments.append(moment)
        predicted, seen = arriving(costs, limits, rate), ask_at(server.port, requests, moments)
        for percent in (50, 99):
            took = 1e3 * statistics.quantiles(seen.seconds, n=100)[percent - 1]
            figures[f"p{percent} at {share:.0%}, ms"] = 1e3 * predicted.percentile(percent / 100), took
    return figures


def main() -> None:
    project = current_project()
    project.make_importable()
    signature = read_signature(current(load_settings(project).model_dir))
    requests = write_requests(signature, int(sys.argv[1]) if sys.argv[1:] else 1)
    every = defaultdict[str, list[Pair]](list)
    for number in range(ROUNDS):
        measured = measure(project, requests)
        costs = measured.costs
        print(f"call {1e6 * costs.call:.0f} µs, request {1e6 * costs.request:.0f}, refusal {1e6 * costs.refusal:.0f}")
        with served(project) as server:
            for name, pair in run_round(server, requests, measured, number).items():
                every[name].append(pair)
                print(f"  {name:30}{pair[0]:10.2f} predicted{pair[1]:10.2f} measured{pair[0] / pair[1]:8.2f}")
    print("median of the ratios:")
    for name, pairs in every.items():
        print(f"  {name:30}{statistics.median(one / other for one, other in pairs):8.2f}")


if __name__ == "__main__":
    main()
