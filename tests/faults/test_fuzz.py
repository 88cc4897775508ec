"""Thousands of generated requests: no 5xx, no hang, and no answer that the OpenAPI document does not foresee."""

import asyncio
import json
import random
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.conftest import FRAMEWORKS, Installed
from tests.faults.load import PASSENGER, read_answer
from tests.server import PATIENCE, serve
from tests.test_workers import memory, needs_proc

BY_SCHEMA = 500  # For each operation and mode.
MUTATED = 16_000
CONNECTIONS = 8
MOST = 3.4e38

BODIES = [
    json.dumps(PASSENGER).encode(),
    json.dumps([PASSENGER] * 3).encode(),
    b"Age,Sex,Embarked\n24,female,C\n,male,\n",
    b'{"Sex": "male"}\n{"Age": 3, "Sex": "female"}\n',
    b"[" * 5_000,
    b'{"Age": 1e999, "Sex": "\\ud800"}',
    b"",
]
MEDIA_TYPES = [
    "application/json",
    "text/csv",
    "application/x-ndjson",
    "text/csv; charset=utf-16",
    "*/*",
    "a",
    ";",
    "\xff",
]
HEADERS = {
    "Accept": ["*/*", "application/json", "text/html;q=0.1, text/csv", "q=", ",,;", "a/b;q=x", "text/*;q=1e5"],
    "Content-Encoding": ["gzip", "identity", "br, gzip", "\x7f"],
    "X-Request-ID": ["a", "x" * 300, "a b", "\xe9"],
    "Expect": ["100-continue"],
    "Range": ["bytes=0-5", "bytes=5-0,-1,1-1,2-2"],
    "Cookie": ["a=b; " * 50],
    "Origin": ["https://example.org", "null"],
    "Forwarded": ["for=1.2.3.4;host=x"],
    "X-Forwarded-For": ["1.2.3.4, ::1"],
    "If-None-Match": ["*"],
    "Connection": ["keep-alive", "close, x", "upgrade"],
    "Transfer-Encoding": ["chunked"],
}
PATHS = [
    *["/predict"] * 12,
    "/predict?probabilities=true&warnings=true",
    "/predict?probabilities=%ff",
    "/predict?" + "a=b&" * 500,
    "/", "/health", "/ready", "/model", "/metrics", "/openapi.json", "/docs",
    "/static/form.js", "/static/%2e%2e/x", "/%00",
]  # fmt: skip
METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]
BITS = [b"\0", b"\xff", b'"', b"{", b"}", b",", b"\n", b"\r", b"1", b"-", b"e", b"NaN", b"null", b"[]", b"\xef\xbb\xbf"]


def mutate(body: bytes, dice: random.Random) -> bytes:
    """Cut, double or change something of a body, several times."""
    for _ in range(dice.randrange(4)):
        start, end = sorted(dice.randrange(len(body) + 1) for _ in range(2))
        piece = dice.choice([b"", dice.choice(BITS), body[start:end] * 2, dice.randbytes(3)])
        body = body[:start] + piece + body[end:]
    return body


def generate(dice: random.Random) -> bytes:
    """Make a request that is well-formed HTTP, whatever else it is."""
    path = dice.choice(PATHS)
    method = "POST" if path.startswith("/predict") and dice.random() < 0.9 else dice.choice(METHODS)
    body = mutate(dice.choice(BODIES), dice)
    fields = [("Host", "localhost"), ("Content-Type", dice.choice(MEDIA_TYPES))]
    fields += [(name, dice.choice(HEADERS[name])) for name in dice.sample(list(HEADERS), dice.randrange(4))]
    if ("Transfer-Encoding", "chunked") in fields:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    else:
        fields.append(("Content-Length", str(len(body))))
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""])
    return head.encode("latin-1") + body


async def send_mutated(port: int, number: int, seed: int) -> None:
    """Send generated requests one after another, and look at each answer."""
    dice = random.Random(seed)
    writer = None
    for _ in range(number):
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2_000_000)
        sent = generate(dice)
        writer.write(sent)
        while True:
            answer = await asyncio.wait_for(read_answer(reader, 0, has_body=not sent.startswith(b"HEAD")), PATIENCE)
            if answer.status != 100:
                break
        assert answer.status < 500, sent
        if answer.status >= 400 and answer.body:
            assert answer.headers["content-type"] == "application/problem+json", sent
            assert json.loads(answer.body)["status"] == answer.status
        if answer.headers.get("connection") == "close":
            writer.close()
            writer = None


@pytest.fixture(scope="module", params=FRAMEWORKS)
def port(request: pytest.FixtureRequest, installed: Installed) -> Iterator[int]:
    with serve(installed(request.param), LOG_LEVEL="warning") as serving:
        yield serving


@needs_proc
@pytest.mark.xdist_group("fuzz")
def test_mutated_requests_get_no_5xx_and_leave_no_memory_behind(port: int, soak: int) -> None:
    async def send(number: int, seed: int) -> None:
        await asyncio.gather(*(send_mutated(port, number // CONNECTIONS, seed + one) for one in range(CONNECTIONS)))

    asyncio.run(send(MUTATED // 2, seed=1_000))
    before = memory(port)
    for turn in range(soak):
        asyncio.run(send(MUTATED // 2, seed=2_000 + CONNECTIONS * turn))

    assert memory(port) < 1.05 * before


def holds_a_large_number(body: object) -> bool:
    """Tell whether a number in a body is one of more than float32 holds."""
    if isinstance(body, dict | list):
        return any(map(holds_a_large_number, body.values() if isinstance(body, dict) else body))
    return isinstance(body, float | int) and abs(body) > MOST


@pytest.mark.xdist_group("fuzz")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.name.lower())
def test_generated_requests_are_answered_as_the_openapi_document_says(
    port: int, mode: GenerationMode, soak: int
) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:  # Where nothing is given, nothing is given wrongly.
        operations = [one for one in operations if one.body or one.query]
    for operation in operations:

        @settings(
            max_examples=BY_SCHEMA * soak,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            # Of a table the document says no more than that it is text, and most texts are no table.
            is_table = case.media_type in ("text/csv", "application/x-ndjson")
            # Of numbers it says in words how large they may be.
            excluded = [positive_data_acceptance] if is_table or holds_a_large_number(case.body) else []
            case.call_and_validate(timeout=PATIENCE, excluded_checks=excluded)

        check()
    assert "/predict" in [one.path for one in operations]
