"""A worker that dies takes no more with it than what it was working on, and is replaced."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import Results, load, request
from tests.server import PATIENCE, ask, serve, start, stop
from tests.test_workers import needs_proc, sockets, wait_for_workers, workers

TIMES = 20
pytestmark = needs_proc


def clients_of(worker: int, port: int) -> set[int]:
    """Find the ports of the clients whose connections a worker has accepted."""
    handles = sockets(worker)
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {
        int(fields[2].partition(":")[2], 16)
        for fields in lines
        if fields[1].endswith(f":{port:04X}") and f"socket:[{fields[9]}]" in handles
    }


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_worker_that_was_killed_is_replaced_and_takes_only_its_own_requests(
    installed: Installed, framework: str, soak: int
) -> None:
    async def kill_one(port: int, results: Results, number: signal.Signals) -> None:
        victim, *_ = wait_for_workers(port, 2)
        os.kill(victim, signal.SIGSTOP)  # So that it accepts no more while we look.
        theirs = clients_of(victim, port)
        results.lost.clear()
        os.kill(victim, number)
        with suppress(ProcessLookupError):  # SIGKILL does not wait for it.
            os.kill(victim, signal.SIGCONT)
        killed = time.monotonic()
        while len(found := workers(port)) < 2 or victim in found:
            assert time.monotonic() < killed + PATIENCE, "not replaced"
            await asyncio.sleep(0.02)
        answered = len(results.answers)
        while len(results.answers) < answered + 200:
            assert time.monotonic() < killed + PATIENCE, "no answers any more"
            await asyncio.sleep(0.02)
        assert results.lost.keys() <= theirs, results.lost

    async def all_times() -> None:
        with serve(installed(framework), WORKERS="2") as port:
            async with load(port, clients=16, fresh=4) as results:
                for turn in range(TIMES * soak):
                    await kill_one(port, results, signal.SIGSEGV if turn % 4 == 3 else signal.SIGKILL)
            assert set(results.statuses) == {200}
            assert results.refused == 0

    asyncio.run(all_times())


@pytest.fixture
def full_pipe(tmp_path: Path) -> Iterator[Path]:
    """A pipe that is full and stays open, as that to a program which has stopped reading."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(end, b"x" * 4096)
    yield pipe
    os.close(end)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    "output",
    ["> /dev/full", "> {pipe} 2>&1", "| true"],
    ids=["the disk is full", "nobody reads", "the reader has died"],
)
def test_a_log_that_cannot_be_written_stops_nothing(
    installed: Installed, framework: str, output: str, full_pipe: Path
) -> None:
    command = ("sh", "-c", f"{'exec ' * output.startswith('>')}bin/run.sh {output.format(pipe=full_pipe)}")
    process, port, _ = start(installed(framework), command, WORKERS="2")

    async def lose_lines() -> None:
        async with load(port, request("GET", "/health")) as results:
            deadline = time.monotonic() + PATIENCE
            while not (results.answers and lines_lost(port)):
                assert time.monotonic() < deadline, "none is counted"
                await asyncio.sleep(0.1)
        assert set(results.statuses) == {200}

    try:
        victim, _ = wait_for_workers(port, 2)
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while len(found := workers(port)) < 2 or victim in found:
            assert time.monotonic() < deadline, "not replaced"
            time.sleep(0.05)

        asyncio.run(lose_lines())
        assert [ask(port, "GET", path)[0] for path in ("/health", "/model", "/nothing") * 4] == [200, 200, 404] * 4
        os.kill(parent(workers(port)), signal.SIGTERM)
        process.wait(PATIENCE)
        assert process.returncode == 0
    finally:
        stop(process)


def lines_lost(port: int) -> float:
    lost = re.search(rb"\nlog_lines_lost_total (\S+)", ask(port, "GET", "/metrics")[2])
    assert lost
    return float(lost[1])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_workers_are_recycled_after_so_many_requests_and_none_is_lost(installed: Installed, framework: str) -> None:
    async def recycle() -> None:
        with serve(installed(framework), WORKERS="1", MAX_REQUESTS="1000") as port:
            (first,) = wait_for_workers(port, 1)
            async with load(port, clients=8, fresh=2) as results:
                deadline = time.monotonic() + PATIENCE
                seen = {first}
                while len(seen) < 4:
                    assert time.monotonic() < deadline, f"only {len(seen)} workers"
                    seen.update(workers(port))
                    await asyncio.sleep(0.05)

            assert results.lost == {}
            assert results.refused == 0
            assert set(results.statuses) == {200}

    asyncio.run(recycle())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_workers_end_when_the_process_that_looks_after_them_is_killed(installed: Installed, framework: str) -> None:
    with serve(installed(framework), WORKERS="2", SHUTDOWN_DELAY="0.1") as port:
        found = wait_for_workers(port, 2)
        os.kill(parent(found), signal.SIGKILL)

        deadline = time.monotonic() + PATIENCE
        while any(Path(f"/proc/{worker}").exists() for worker in found):
            assert time.monotonic() < deadline, "workers are left"
            time.sleep(0.05)


def parent(workers: list[int]) -> int:
    """Find the supervisor, from which the workers were forked."""
    return int(Path(f"/proc/{workers[0]}/stat").read_text().rpartition(")")[2].split()[1])
