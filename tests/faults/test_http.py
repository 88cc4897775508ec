"""What is no HTTP, or can be read in two ways, is refused or closed; nothing is answered twice or as another's."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.corpus import BODY, CORPUS, LENGTH, get, post
from tests.server import ask, serve
from tests.test_workers import memory

SECONDS = 60
MOMENT = 0.2
HEALTH = get(b"GET /health HTTP/1.1", b"Host: a")
pytestmark = pytest.mark.xdist_group("http")


@pytest.fixture(scope="module")
def ports(installed: Installed) -> Iterator[list[int]]:
    with ExitStack() as stack:
        settings = {"CLIENT_TIMEOUT": "2", "KEEP_ALIVE": "2", "LOG_LEVEL": "warning"}
        yield [stack.enter_context(serve(installed(one), **settings)) for one in FRAMEWORKS]


def talk(port: int, *parts: bytes, answers: int = 1) -> bytes:
    """Send bytes, and read until the server closes, or has given so many answers and says no more for a moment."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):  # It was refused before all of it was sent.
            pass
        try:
            while part := connection.recv(65_536):
                received += part
                if received.count(b"HTTP/1.1 ") >= answers:
                    connection.settimeout(MOMENT)
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def statuses(answers: bytes) -> list[int]:
    """Read the statuses of answers that follow each other."""
    found = []
    while answers:
        head, _, rest = answers.partition(b"\r\n\r\n")
        found.append(int(head.split()[1]))
        length = re.search(rb"(?i)^content-length: (\d+)", head, re.MULTILINE)
        assert length, head
        answers = rest[int(length[1]) :]
    return found


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("split", [False, True], ids=["at once", "in two"])
def test_ambiguous_requests_are_answered_once_at_most(ports: list[int], name: str, split: bool) -> None:
    sent, allowed = CORPUS[name]
    parts = [sent[: len(sent) // 2], sent[len(sent) // 2 :]] if split else [sent]

    for port in ports:
        found = statuses(talk(port, *parts))

        first, rest = found[:1], found[1:]
        assert set(first) <= allowed
        assert 404 not in rest
        assert all(status in (200, 400) for status in rest)
        assert len(rest) <= (name == "too much body")
        assert ask(port, "GET", "/health")[0] == 200


def test_requests_that_follow_each_other_are_answered_in_order(ports: list[int]) -> None:
    requests = [
        post(LENGTH, b"X-Request-ID: one", body=BODY),
        HEALTH,
        post(LENGTH, b"X-Request-ID: two", body=b"[" + BODY[1:]),
    ]

    for port in ports:
        answers = talk(port, b"".join(requests * 20), answers=60)

        assert statuses(answers) == [200, 200, 400] * 20
        assert re.findall(rb"x-request-id: (one|two)", answers) == [b"one", b"two"] * 20


@pytest.mark.parametrize("behind", [b"GARBAGE\r\n\r\n", b"\0" * 50, post(b"Content-Length: x")])
def test_what_follows_a_good_request_does_not_take_its_answer(ports: list[int], behind: bytes) -> None:
    table = [json.loads(BODY)] * 5_000
    large = json.dumps(table).encode()
    for port in ports:
        answers = talk(port, post(b"Content-Length: %d" % len(large), body=large) + behind)

        assert statuses(answers)[0] == 200
        assert set(statuses(answers)[1:]) <= {400}
        assert answers.count(b'{"prediction":[') == 1


def test_what_the_server_refuses_is_a_problem_too(ports: list[int]) -> None:
    for port in ports:
        head, _, body = talk(port, b"SECRET / HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")

        assert b"application/problem+json" in head
        assert b"x-request-id" in head.lower()
        assert json.loads(body)["status"] == 400
        assert b"SECRET" not in body


@pytest.mark.parametrize("sent", [b"GET /health HTTP/1.1\r\nHost: ", post(b"Content-Length: 1000", body=b"[")])
def test_a_request_that_does_not_come_to_its_end_is_a_408(ports: list[int], sent: bytes) -> None:
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(sent)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))

        assert statuses(answer) == [408]


def test_a_connection_on_which_nothing_comes_is_closed(ports: list[int]) -> None:
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            assert connection.recv(1) == b""


def test_a_connection_that_is_kept_is_closed_whatever_comes_between_two_requests(ports: list[int]) -> None:
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(HEALTH + b"\r\n")

            assert statuses(b"".join(iter(lambda: connection.recv(65_536), b""))) == [200]


def test_requests_without_end_do_not_fill_the_memory(ports: list[int]) -> None:
    for port in ports:
        before = memory(port)
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.settimeout(0.5)
            deadline = time.monotonic() + 3
            try:
                while time.monotonic() < deadline:
                    connection.sendall(HEALTH * 5_000)
                    connection.recv(65_536)
            except OSError:  # It takes no more, or is closed.
                pass
            grown = memory(port) - before

        assert grown < 30_000
        assert ask(port, "GET", "/health")[0] == 200


def test_many_requests_for_another_protocol_are_served_or_refused(ports: list[int]) -> None:
    upgrade = get(b"GET /health HTTP/1.1", b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c")
    for port in ports:
        assert statuses(talk(port, upgrade * 900, answers=900)) == [200] * 900
        assert statuses(talk(port, upgrade * 3_000, answers=3_000))[-1] in (200, 400)


@pytest.mark.parametrize(
    "head",
    [
        get(b"GET /health HTTP/1.1", b"Host: a", b"Connection: close, Upgrade", b"Upgrade: h2c"),
        get(b"GET /health HTTP/1.1", b"Host: a", b"Connection: Upgrade", b"Connection: close", b"Upgrade: h2c"),
        get(b"GET /health HTTP/1.0", b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c"),
        get(b"GET /health HTTP/1.0", b"Host: a"),
    ],
)
def test_an_upgrade_that_is_declined_leaves_the_end_of_the_connection_as_it_was(ports: list[int], head: bytes) -> None:
    for port in ports:
        started = time.monotonic()

        assert statuses(talk(port, head + HEALTH, answers=9)) == [200]
        assert time.monotonic() - started < SECONDS / 2  # It was the server that closed.


def test_all_that_came_before_what_is_refused_is_answered(ports: list[int]) -> None:
    for port in ports:
        for _ in range(10):
            assert statuses(talk(port, HEALTH * 5 + b"BAD\r\n\r\n", answers=9)) == [200] * 5 + [400]
        assert b"\nhttp_requests_in_progress 1.0\n" in ask(port, "GET", "/metrics")[2]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((b"Content-Type: application/json", b"Content-Length: 28700001"), 413),
        ((b"Content-Type: image/png", b"Content-Length: 10"), 415),
    ],
)
def test_an_answer_before_the_body_was_asked_for_is_the_last(
    ports: list[int], headers: tuple[bytes, ...], status: int
) -> None:
    head = get(b"POST /predict HTTP/1.1", b"Host: a", b"Expect: 100-continue", *headers)
    for port in ports:
        answer = talk(port, head, answers=9)

        assert statuses(answer) == [status]
        assert b"\r\nconnection: close\r\n" in answer.lower()


def test_a_body_that_was_asked_for_keeps_the_connection(ports: list[int]) -> None:
    for port in ports:
        answer = talk(port, post(b"Expect: 100-continue", LENGTH), BODY + HEALTH, answers=3)

        assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"100", b"200", b"200"]


@pytest.mark.parametrize("ending", [b"close", b"keep-alive"])
def test_a_refusal_reaches_a_client_that_still_sends(ports: list[int], ending: bytes) -> None:
    large = b"[" * 11_000_000
    head = post(b"Content-Length: %d" % len(large), b"Connection: " + ending)
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(head + large)  # Raises if it is cut off.

            assert statuses(connection.recv(65_536)) == [413]
