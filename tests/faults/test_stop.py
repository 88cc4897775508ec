"""A server that is told to stop answers everything that it has accepted."""

import asyncio
import signal
import time

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import ONE, ask, load, request
from tests.server import PATIENCE, start, stop

TIMES = 20


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_request_is_lost_when_the_server_is_told_to_stop(installed: Installed, framework: str, soak: int) -> None:
    async def once(number: signal.Signals) -> None:
        process, port, log = start(installed(framework), WORKERS="2", SHUTDOWN_DELAY="0.3", SHUTDOWN_TIMEOUT="120")
        try:
            async with load(port, clients=16, fresh=4) as results:
                await asyncio.sleep(0.3)
                process.send_signal(number)
                await asyncio.sleep(0.2)
                process.send_signal(number)  # Which changes nothing.
                await asyncio.to_thread(process.wait, PATIENCE)
        finally:
            stop(process)

        assert results.lost == {}, log.read_text()[-3000:]
        assert set(results.statuses) == {200}
        assert process.returncode == 0

    async def all_times() -> None:
        for turn in range(TIMES * soak):
            await once(signal.SIGINT if turn % 4 == 3 else signal.SIGTERM)

    asyncio.run(all_times())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_ready_says_first_that_the_server_stops(installed: Installed, framework: str) -> None:
    process, port, _ = start(installed(framework), WORKERS="2", SHUTDOWN_DELAY="5")
    try:
        process.send_signal(signal.SIGTERM)
        while (ready := asyncio.run(ask(port, request("GET", "/ready")))).status == 200:
            time.sleep(0.02)
        while "connection" not in (answer := asyncio.run(ask(port, ONE))).headers:  # Of a worker that is told only now.
            time.sleep(0.02)
        process.wait(PATIENCE)
    finally:
        stop(process)

    assert ready.status == 503
    assert "retry-after" in ready.headers
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(ask(port, ONE))
    assert process.returncode == 0
