"""RATE_LIMIT over replicas, which count in a real Redis, and what happens while that is away."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FRAMEWORKS, Installed, skip_on_laptop, succeed
from tests.server import PATIENCE, free_port

PASSWORD = "SECRET"
REPLICA = """
import asyncio, json, os, signal, sys
from modelapi import Problem, Settings
from modelapi.serving.logs import configure_logs
from modelapi.serving.rates import Rates

settings = Settings.load()
configure_logs(settings.log_level, settings.log_format)
rates = Rates(settings.rate_limit, settings.rate_limit_store)

async def take(client):
    try:
        return dict(await rates.take(client))
    except Problem as problem:
        return {"status": problem.status, **problem.headers}

async def take_at_once(client, times):
    return await asyncio.gather(*(take(client) for _ in range(times)))

async def count_again():
    for _ in range(300):
        if await take("somebody"):
            return True
        await asyncio.sleep(0.1)
    return False
"""
CROWD = """
print(json.dumps(asyncio.run(take_at_once("ada", 80))))
"""
AWAY = """
async def main(redis):
    before = await take_at_once("ada", 5)
    os.kill(redis, signal.SIGSTOP)
    try:
        away = [await take_at_once("ada", 20) for _ in range(3)]
    finally:
        os.kill(redis, signal.SIGCONT)
    return {"before": before, "away": away, "again": await count_again(), "after": await take_at_once("bob", 10)}

print(json.dumps(asyncio.run(main(int(sys.argv[1])))))
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Run a Redis on loopback, and yield its address and process id."""
    program = shutil.which("redis-server")
    if program is None:
        skip_on_laptop("no redis-server here: install it to test the limit over replicas")
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", "")
    process = subprocess.Popen([program, *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert any("Ready to accept connections" in line for line in process.stdout), "redis-server did not start"
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def replica(project: Path, script: str, store: str, *arguments: object) -> tuple[Any, list[dict[str, Any]]]:
    """Run a script in a process of its own; return what it found and the lines of its log."""
    settings = {"RATE_LIMIT": "100/minute", "RATE_LIMIT_STORE": store}
    output = succeed(".venv/bin/python", "-c", REPLICA + script, *arguments, cwd=project, **settings)
    assert PASSWORD not in output
    *log, found = map(json.loads, output.splitlines())
    return found, log


def test_replicas_share_a_limit_through_redis(installed: Installed, redis: tuple[str, int]) -> None:
    project = installed(FRAMEWORKS[0])

    answers = [answer for _ in range(2) for answer in replica(project, CROWD, redis[0])[0]]

    passed = [answer for answer in answers if "status" not in answer]
    left = sorted(int(answer["RateLimit"].split(";")[1].removeprefix("r=")) for answer in passed)
    assert left == list(range(100))
    refused = [answer for answer in answers if "status" in answer]
    assert {answer["status"] for answer in refused} == {429}
    assert all(1 <= int(answer["Retry-After"]) <= 60 for answer in refused)


def test_while_redis_is_away_requests_pass_and_one_line_says_so(installed: Installed, redis: tuple[str, int]) -> None:
    found, log = replica(installed(FRAMEWORKS[0]), AWAY, *redis)

    assert all(answer["RateLimit"] for answer in found["before"])
    assert found["away"] == [[{}] * 20] * 3
    assert found["again"]
    left = {answer["RateLimit"].split(";")[1] for answer in found["after"]}
    assert left == {f"r={count}" for count in range(90, 100)}, "an answer of Redis went to another request"
    assert [(line["event"].partition(":")[0], line["reason"]) for line in log] == [
        ("RATE_LIMIT_STORE does not answer", "TimeoutError")
    ]


def test_a_redis_that_never_was_there_is_no_hindrance(installed: Installed) -> None:
    store = f"redis://:{PASSWORD}@127.0.0.1:{free_port()}"

    answers, log = replica(installed(FRAMEWORKS[0]), CROWD, store)

    assert answers == [{}] * 80
    assert [line["reason"] for line in log] == ["ConnectionError"]
