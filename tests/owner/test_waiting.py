"""A route of the owner's that waits is limited by nothing that protects predictions."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.owner.conftest import append, edit
from tests.server import PATIENCE, serve

CLIENTS = 200
ROUTE = '''

@router.get("/slow")
async def slow() -> dict[str, str]:
    """Wait for somebody else."""
    await asyncio.sleep(0.5)
    return {"message": "there"}
'''


def wait_for_others(project: Path, _framework: str) -> None:
    routes = project / "api" / "routes.py"
    edit(routes, "from fastapi import APIRouter\n", "import asyncio\n\nfrom fastapi import APIRouter\n")
    append(routes, ROUTE)


async def ask_at_once(port: int) -> list[bytes]:
    """Connect all clients, let all of them ask, and return the first line that each gets."""
    connections = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(CLIENTS)))
    for _ in range(2):  # On connections that are kept.
        for _, writer in connections:
            writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        answers = await asyncio.gather(*(reader.readuntil(b'{"message":"there"}') for reader, _ in connections))
    for _, writer in connections:
        writer.close()
    return [answer.split(b"\r\n", 1)[0] for answer in answers]


def test_200_clients_of_a_route_that_waits_are_all_answered(own: Callable[..., Path]) -> None:
    with serve(own("fastapi", wait_for_others), WORKERS="2", MAX_CONCURRENCY="4") as port:
        answers = asyncio.run(asyncio.wait_for(ask_at_once(port), PATIENCE))

    assert answers == [b"HTTP/1.1 200 OK"] * CLIENTS
