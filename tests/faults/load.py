"""Clients that load a server, and note what became of each request."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter

from tests.server import PATIENCE

PASSENGER = {"Age": 24, "Sex": "female", "Embarked": "C"}


def request(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    """Write a request with a Host and the length of its body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def predict(*rows: dict[str, object], headers: Sequence[str] = ()) -> bytes:
    """Write a request for the predictions of some rows."""
    return request("POST", "/predict", json.dumps(rows).encode(), "Content-Type: application/json", *headers)


ONE = predict(PASSENGER)


@dataclass
class Answer:
    """A complete answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@dataclass
class Results:
    """What became of the requests of some clients."""

    answers: list[Answer] = field(default_factory=list)
    lost: dict[int, str] = field(default_factory=dict)
    """Why a request got no answer although its connection was made, by the client's port."""
    refused: int = 0
    """How many connections were not made."""

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)


async def read_answer(reader: asyncio.StreamReader, started: float, *, has_body: bool = True) -> Answer:
    """Read one answer. Raises EOFError if it is not whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = b""
    if not has_body:
        pass
    elif headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body, perf_counter() - started)


async def client(port: int, content: bytes, results: Results, end: asyncio.Event, *, keep: bool = True) -> None:
    """Ask the same again and again, on connections that are kept or of a request each, until told to end."""
    writer: asyncio.StreamWriter | None = None
    while not end.is_set():
        if writer is None:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE)
            except OSError:
                results.refused += 1
                await asyncio.sleep(0.01)
                continue
        started = perf_counter()
        try:
            writer.write(content)
            answer = await asyncio.wait_for(read_answer(reader, started), PATIENCE)
        except (OSError, EOFError, TimeoutError) as error:
            results.lost[writer.get_extra_info("sockname")[1]] = repr(error)
            writer.close()
            writer = None
            continue
        results.answers.append(answer)
        if not keep or answer.headers.get("connection") == "close":
            writer.close()
            writer = None
        if answer.status in (429, 503):
            await asyncio.sleep(0.1)  # As a client that heeds Retry-After, if impatiently.
    if writer:
        writer.close()


@asynccontextmanager
async def load(port: int, content: bytes = ONE, *, clients: int = 16, fresh: int = 0) -> AsyncIterator[Results]:
    """Load a server with so many clients, of which some make a connection for each request."""
    results, end = Results(), asyncio.Event()
    tasks = [
        asyncio.create_task(client(port, content, results, end, keep=number >= fresh)) for number in range(clients)
    ]
    try:
        yield results
    finally:
        end.set()
        done, pending = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in pending:
            task.cancel()
        assert not pending, "a client hangs"
        for task in done:
            task.result()


async def ask(port: int, content: bytes) -> Answer:
    """Send one request on a connection of its own."""
    started = perf_counter()
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE)
    try:
        writer.write(content)
        return await asyncio.wait_for(read_answer(reader, started), PATIENCE)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
