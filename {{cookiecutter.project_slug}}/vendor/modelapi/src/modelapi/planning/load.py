"""Requests sent over connections that are kept, and how long their answers take."""

from __future__ import annotations

import itertools
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from modelapi.process.beside import LOCALHOST

PATIENCE = 60.0  # Seconds without any answer.
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
OK = 200


@dataclass
class Answers:
    """What came back: the statuses, the seconds that each 200 took, and the seconds until the last."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    duration: float = 0.0

    @property
    def number(self) -> int:
        """How many came, whatever they said."""
        return self.statuses.total()


class Connection:
    """A connection on which one request is under way at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOCALHOST, port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._asked = 0.0
        self._answer = b""

    def ask(self, request: bytes, moment: float) -> None:
        """Send a request that was due at a moment of time.perf_counter()."""
        self._asked = moment
        self.socket.sendall(request)

    def hear(self, answers: Answers) -> bool:
        """Read what there is, and tell whether the answer is complete. Raises OSError if the server hangs up."""
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise ConnectionResetError("the server has closed a connection")
        self._answer += piece
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return False
        status = int(head[9:12])
        self._answer = b""
        answers.statuses[status] += 1
        if status == OK:
            answers.seconds.append(time.perf_counter() - self._asked)
        return True


@contextmanager
def connected(port: int, number: int) -> Iterator[tuple[selectors.BaseSelector, list[Connection]]]:
    """Open so many connections, and a selector that watches them."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        connections = [Connection(port) for _ in range(number)]
        for one in connections:
            stack.enter_context(one.socket)
            selector.register(one.socket, selectors.EVENT_READ, one)
        yield selector, connections


def keep_asking(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Answers:
    """Ask on each connection as soon as it has its answer. Raises OSError if none comes."""
    answers, turns = Answers(), itertools.cycle(requests)
    with connected(port, connections) as (selector, opened):
        started = time.perf_counter()
        for one in opened:
            one.ask(next(turns), time.perf_counter())
        under_way = len(opened)
        while under_way:
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError(f"no answer came in {PATIENCE:g} s")
            for one in (key.data for key, _ in ready):
                if one.hear(answers):
                    now = time.perf_counter()
                    if now < started + seconds:
                        one.ask(next(turns), now)
                    else:
                        under_way -= 1
        answers.duration = time.perf_counter() - started
    return answers


def _length(head: bytes) -> int:
    found = LENGTH.search(head)
    return int(found[1]) if found else 0
