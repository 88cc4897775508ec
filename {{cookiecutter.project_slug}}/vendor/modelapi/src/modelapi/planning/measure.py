"""What a request costs the project's own server: it is started on one core, and asked from the others."""

from __future__ import annotations

import json
import re
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from modelapi.planning.load import OK, Answers, keep_asking
from modelapi.planning.processes import Memory, below, cpu_seconds, memory, on_cores, split_cores, waited_seconds
from modelapi.planning.queue import Costs, Limits
from modelapi.process.beside import ask, free_port, serve_beside
from modelapi.process.target import find_entry
from modelapi.project import Project
from modelapi.records.drawing import draw
from modelapi.serving.batching import PATIENCE
from modelapi.serving.concurrency import PREDICTIONS, QUEUE
from modelapi.serving.predicting import LARGE_BODY
from modelapi.serving.service import SLOW
from modelapi.signature import Signature

ROUNDS, SECONDS = 3, 1.0
MANY = 128  # Connections that share the turns of the loop: a request costs more among more of them.
BODIES = 200
REFUSED = 503
DISTURBED = 0.1
# As the project has it, but for what would refuse us.
SETTINGS = {"WORKERS": "1", "API_KEYS": "", "RATE_LIMIT": "", "MAX_REQUESTS": "0", "ROOT_PATH": ""}
ENGINE = re.compile(r"(?m)^model_engine_seconds_(count|sum)\S* (\S+)$")


class MeasureError(ValueError):
    """The server does not answer as a plan needs it."""


@dataclass(frozen=True)
class Load:
    """What a server has answered, and the time of a core that it took."""

    answers: Answers
    cpu: float
    waited: float
    """Seconds in which its threads could have gone on, but others had the core."""

    @property
    def each(self) -> float:
        """The time of a core that a request took."""
        return self.cpu / self.answers.number

    @property
    def taken(self) -> float:
        """The share of the core that others took, if there was always something to do.

        It was not used, and waited for: a server that is alone waits for what it asks elsewhere, or threads for others.
        """
        return min(1 - self.cpu / self.answers.duration, self.waited / self.answers.duration)


@dataclass(frozen=True)
class Measured:
    """What was measured of a worker on one core."""

    costs: Costs
    is_large: bool
    """Whether requests are so large that each is predicted by itself."""
    memory: Memory | None
    taken: float
    """The share of the core that others took."""

    @property
    def is_disturbed(self) -> bool:
        """Whether others took so much that the costs leave out all waiting."""
        return self.taken > DISTURBED

    def limits(self, max_concurrency: int) -> Limits:
        """Say how many requests share a turn, and how many may be there, with that setting."""
        if self.is_large:
            most = min(PREDICTIONS, max_concurrency)
            return Limits(1, most + min(QUEUE * PREDICTIONS, max_concurrency))
        return Limits(max_concurrency, 2 * max_concurrency)


class Server:
    """A server with one worker, which runs on one core."""

    def __init__(self, port: int, pids: list[int]) -> None:
        self.pids = pids
        self.port = port

    def load(self, requests: Sequence[bytes], connections: int, seconds: float = SECONDS) -> Load:
        """Ask on so many connections. Raises MeasureError if it refuses what is asked, or does not answer."""
        cpu, waited = cpu_seconds(self.pids), waited_seconds(self.pids)
        try:
            answers = keep_asking(self.port, requests, connections, seconds)
        except OSError as error:
            raise MeasureError(f"the API does not answer: {error}") from None
        load = Load(answers, cpu_seconds(self.pids) - cpu, waited_seconds(self.pids) - waited)
        for status in answers.statuses:
            if status not in (OK, REFUSED):
                raise MeasureError(f"the API answers {status} to records such as its model takes")
        return load

    def engine_seconds(self) -> float:
        """Return how long a call of the engine took on average."""
        found = dict(ENGINE.findall(ask(self.port, "/metrics")[1].decode()))
        return float(found.get("sum", 0)) / max(1.0, float(found.get("count", 0)))


@contextmanager
def served(project: Project, **settings: str) -> Iterator[Server]:
    """Serve a project on one core of this machine. Raises SettingsError if it does not start."""
    one, others = split_cores()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        port = free_port()
        with on_cores(one):
            beside = serve_beside(project.root, port, Path(folder, "log"), **SETTINGS, **settings)
            process = stack.enter_context(beside)
        with on_cores(others):
            yield Server(port, below(process.pid))


def write_requests(signature: Signature, rows: int) -> list[bytes]:
    """Write requests with so many records each, drawn from a signature."""
    random = Random(0)  # No secret.
    return [_request([draw(signature, random) for _ in range(rows)]) for _ in range(BODIES)]


def _request(records: list[dict[str, Any]]) -> bytes:
    body = json.dumps(records[0] if len(records) == 1 else records).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def measure(project: Project, requests: Sequence[bytes]) -> Measured:
    """Measure a worker that gets these requests. Raises MeasureError or SettingsError."""
    is_large = max(map(len, requests)) > LARGE_BODY
    with served(project) as server:
        server.load(requests, 1, SECONDS / 2)  # Until all is warm.
        is_slow = server.engine_seconds() > SLOW
        server.load(requests, MANY, SECONDS / 2)
        rounds = [(server.load(requests, 1), server.load(requests, MANY)) for _ in range(ROUNDS)]
        used = memory(server.pids)
    alone, among_many = (statistics.median(load.each for load in loads) for loads in zip(*rounds, strict=True))
    # Only FastAPI's own loop rests, and only for an engine so slow that it has a thread of its own.
    rests = is_slow and alone > SLOW and not is_large and find_entry(project) == "asgi"
    rest = PATIENCE if rests else 0.0
    call = 0.0 if is_large else max(0.0, alone - among_many) / (1 - 1 / MANY)
    taken = statistics.median(many.taken for _, many in rounds)
    times = [one for load, _ in rounds for one in load.answers.seconds]
    usual = statistics.median(times)
    costs = Costs(
        call,
        request=among_many - call / MANY,
        refusal=_refusal(project, requests, among_many),
        rest=rest,
        outside=max(0.0, usual - alone * (1 + rest)),
        noise=[one - usual for one in times],
    )
    if taken > DISTURBED:  # What is left are the times of the core.
        costs = replace(costs, outside=0.0, noise=(0.0,))
    return Measured(costs, is_large, used, taken)


def _refusal(project: Project, requests: Sequence[bytes], answer: float) -> float:
    """Measure what a refusal costs, where there is room for one request and there are many."""
    with served(project, MAX_CONCURRENCY="1") as server:
        load = server.load(requests, MANY)
    n_refused = load.answers.statuses[REFUSED]
    return max(0.0, load.cpu - load.answers.statuses[OK] * answer) / n_refused if n_refused else answer
