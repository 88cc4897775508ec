"""Too few open files, and too little memory: what there is not is refused, and the rest goes on."""

import json
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.corpus import post
from tests.faults.load import PASSENGER
from tests.server import ask, serve
from tests.test_workers import JSON, needs_proc, wait_for_workers

SECONDS = 30


@needs_proc
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_connections_that_are_too_many_are_refused_and_others_go_on(installed: Installed, framework: str) -> None:
    with serve(installed(framework), ("sh", "-c", "ulimit -n 140; exec bin/run.sh")) as port:
        before = wait_for_workers(port, 1)
        clients = [HTTPConnection("127.0.0.1", port, timeout=SECONDS) for _ in range(150)]
        for client in clients:
            client.connect()
        answers = [exchange(client) for client in clients]
        kept = [client for client, (status, _) in zip(clients, answers, strict=True) if status == 200]

        assert len(kept) > 10
        assert {exchange(client) for client in kept} == {(200, None)}
        assert {answer for answer in answers if answer[0]} == {(200, None), (503, "1")}
        for client in clients:
            client.close()
        assert ask(port, "POST", "/predict", JSON, json.dumps(PASSENGER).encode())[0] == 200
        assert wait_for_workers(port, 1) == before


def exchange(client: HTTPConnection) -> tuple[int, str | None]:
    """Ask on a connection, and return the status and when to try again; 0 if it was cut off."""
    with suppress(OSError, HTTPException):
        client.request("GET", "/health")
        answer = client.getresponse()
        answer.read()
        return answer.status, answer.headers["Retry-After"]
    return 0, None


@needs_proc
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_body_that_hardly_fits_in_memory_costs_one_worker_at_most(installed: Installed, framework: str) -> None:
    body = json.dumps([PASSENGER] * 2_000_000).encode()  # 100 MB.
    command = ("sh", "-c", "ulimit -v 1000000; exec bin/run.sh")
    settings = {"WORKERS": "2", "MAX_BODY_BYTES": "200000000", "MAX_ROWS": "10000000"}
    with serve(installed(framework), command, **settings) as port:
        before = set(wait_for_workers(port, 2))

        with suppress(OSError):  # Its worker has ended.
            assert ask(port, "POST", "/predict", JSON, body)[0] in (200, 500, 503, 504)  # 200 where it just fits.

        after = set(wait_for_workers(port, 2))
        assert len(after & before) >= 1
        for _ in range(16):
            assert ask(port, "POST", "/predict", JSON, json.dumps(PASSENGER).encode())[0] == 200


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_bodies_that_are_too_much_for_a_worker_are_refused_until_others_are_answered(
    installed: Installed, framework: str
) -> None:
    body = json.dumps([PASSENGER] * 80_000).encode()
    assert 4_000_000 > len(body) > 3_500_000
    head = post(b"Content-Length: %d" % len(body))
    with serve(installed(framework), MAX_BODY_BYTES="5000000", MAX_BODIES_BYTES="10000000") as port:
        clients = [socket.create_connection(("127.0.0.1", port), SECONDS) for _ in range(5)]
        for client in clients:
            with suppress(OSError):  # It is refused.
                client.sendall(head + body[:-1])
        answers = []
        for client in clients:
            with suppress(OSError):
                client.sendall(body[-1:])
            answers.append(client.recv(65_536))
            client.close()

        assert sorted(answer[9:12] for answer in answers) == [b"200", b"200", b"503", b"503", b"503"]
        assert all(b"\r\nretry-after: 1\r\n" in answer.lower() for answer in answers if answer[9:12] == b"503")
        assert ask(port, "POST", "/predict", JSON, body)[0] == 200
