"""Clients that are slow, or never end, cost the others nothing."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import PASSENGER, ask, load, predict, request
from tests.server import PATIENCE, serve

SLOW = 200
ANSWERS = 2_000
TABLE = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 900000000\r\n\r\nAge,Sex\n"
LARGE = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n["
CHUNKS = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

Slow = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def drip(start: bytes, drop: bytes) -> Slow:
    """Make a client that begins a request, and goes on with a little now and then."""

    async def slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            await asyncio.sleep(0.2)
            writer.write(drop)
            await writer.drain()

    return slow


async def never_read(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ask for large pages, and read none."""
    for _ in range(40):
        writer.write(request("GET", "/static/redoc.standalone.js"))
    await asyncio.sleep(PATIENCE)


async def say_nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Only be connected."""
    await asyncio.sleep(PATIENCE)


KINDS: list[Slow] = [
    drip(b"GET /health HTTP/1.1\r\nHost: a\r\n", b"X: a\r\n"),
    drip(LARGE, b"1,"),
    drip(CHUNKS, b"1\r\n[\r\n"),
    drip(TABLE, b"24,male\n"),
    never_read,
    say_nothing,
]


@asynccontextmanager
async def slow_clients(port: int) -> AsyncIterator[None]:
    async def one(kind: Slow) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
                try:
                    await kind(reader, writer)
                finally:
                    writer.close()
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(one(KINDS[number % len(KINDS)])) for number in range(SLOW)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=PATIENCE)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_slow_clients_cost_the_others_nothing(installed: Installed, framework: str) -> None:
    async def typical(port: int) -> float:
        async with load(port, clients=4) as results:
            while len(results.answers) < ANSWERS:
                await asyncio.sleep(0.05)
        assert set(results.statuses) == {200}
        assert results.lost == {}
        return statistics.median(answer.seconds for answer in results.answers)

    async def compare(port: int) -> tuple[float, float]:
        alone = await typical(port)
        async with slow_clients(port):
            await asyncio.sleep(1)  # Some are cut off only after CLIENT_TIMEOUT, and come again.
            among_slow = await typical(port)
            # What needs a thread goes on too.
            assert (await ask(port, predict(*[PASSENGER] * 3_000))).status == 200
            assert (await ask(port, request("GET", "/openapi.json"))).status == 200
        return alone, among_slow

    with serve(installed(framework), WORKERS="2", CLIENT_TIMEOUT="3") as port:
        alone, among_slow = asyncio.run(compare(port))

    # Whom slow clients hold up waits for seconds; other work of the machine costs either of both some time.
    assert among_slow < 50 * alone
