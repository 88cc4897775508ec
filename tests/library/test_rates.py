"""A client gets as many requests as its limit says, whichever worker answers, and is told what is left."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from modelapi.serving import counts
from modelapi.serving.answers import Problem
from modelapi.serving.counts import SharedCounts
from modelapi.serving.logs import configure_logs
from modelapi.serving.rates import Rates, identify
from modelapi.serving.redis_counts import RedisCounts
from modelapi.serving.settings import Settings
from modelapi.serving.shared import FOLDER
from modelapi.settings import SettingsError

TAKE = """
import asyncio, sys
from modelapi.serving.answers import Problem
from modelapi.serving.rates import Rates

async def main():
    rates, passed = Rates("100/hour"), 0
    for _ in range(int(sys.argv[1])):
        try:
            await rates.take("address 192.0.2.1")
            passed += 1
        except Problem:
            pass
    return passed

print(asyncio.run(main()))
"""
HOLD = """
import fcntl, os, sys
from modelapi.serving.counts import SharedCounts
from pathlib import Path
counts = SharedCounts(Path(sys.argv[1]))
fcntl.lockf(counts._file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


class Clock:
    """Stands in for time(), and moves when it is told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(counts, "time", clock)
    monkeypatch.delenv(FOLDER, raising=False)
    return clock


def take(rates: Rates, client: str = "key ada") -> dict[str, str]:
    return dict(asyncio.run(rates.take(client)))


def refused(rates: Rates, client: str = "key ada") -> Problem:
    with pytest.raises(Problem) as caught:
        take(rates, client)
    assert caught.value.status == 429
    return caught.value


def start(script: str, folder: Path, argument: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", script, argument]
    environment = {**os.environ, FOLDER: str(folder)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)


def test_the_headers_count_down_to_the_end_of_the_window(clock: Clock) -> None:
    rates = Rates("2/minute")

    assert take(rates) == {"RateLimit-Policy": '"2/minute";q=2;w=60', "RateLimit": '"2/minute";r=1;t=60'}
    clock.now += 20.5
    assert take(rates)["RateLimit"] == '"2/minute";r=0;t=40'
    problem = refused(rates)
    assert problem.headers == {
        "Retry-After": "40",
        "RateLimit-Policy": '"2/minute";q=2;w=60',
        "RateLimit": '"2/minute";r=0;t=40',
    }
    assert problem.detail == "this client is over its limit of 2/minute: try again in 40 s"
    clock.now += 39.6
    assert take(rates)["RateLimit"] == '"2/minute";r=1;t=60'


def test_clients_do_not_share_a_limit(clock: Clock) -> None:
    rates = Rates("1/hour")
    take(rates, "key ada")

    assert take(rates, "key bob")
    assert refused(rates, "key ada").headers["Retry-After"] == "3600"


def test_of_several_limits_each_holds_and_the_shortest_is_asked_first(clock: Clock) -> None:
    rates = Rates("3/hour; 2/second")

    assert take(rates)["RateLimit"] == '"2/second";r=1;t=1, "3/hour";r=2;t=3600'
    take(rates)
    assert refused(rates).headers["RateLimit"] == '"2/second";r=0;t=1'
    clock.now += 1
    assert take(rates)["RateLimit"] == '"2/second";r=1;t=1, "3/hour";r=0;t=3599'
    assert refused(rates).headers["Retry-After"] == "3599"


def test_without_a_limit_all_pass_and_nothing_is_said() -> None:
    rates = Rates("")

    assert not rates.are_limited
    assert take(rates) == {}


def test_worker_processes_share_the_limit(tmp_path: Path) -> None:
    workers = [start(TAKE, tmp_path, "80") for _ in range(3)]

    passed = [int(worker.communicate(timeout=300)[0]) for worker in workers]

    assert sum(passed) == 100
    assert (tmp_path / "rates.table").stat().st_mode & 0o777 == 0o600
    assert b"192.0.2.1" not in (tmp_path / "rates.table").read_bytes()


def test_a_worker_that_is_killed_leaves_no_lock(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path, str(tmp_path))
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    waiter = start(TAKE, tmp_path, "1")

    holder.send_signal(signal.SIGKILL)
    holder.communicate(timeout=300)

    assert waiter.communicate(timeout=300)[0] == "1\n"


def test_the_table_keeps_its_size_and_forgets_what_is_over_first(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "BUCKETS", 1)
    shared = SharedCounts(tmp_path)
    size = (tmp_path / "rates.table").stat().st_size

    def count(key: str, period: int = 60) -> int:
        return asyncio.run(shared.count(key, period))[0]

    count("short", period=1)
    for number in range(7):
        count(f"long {number}")
    clock.now += 2
    count("new")  # In the place of the one that is over.

    assert [count(f"long {number}") for number in range(7)] == [2] * 7
    for number in range(1_000):
        count(f"flood {number}")
    assert (tmp_path / "rates.table").stat().st_size == size


def test_a_redis_that_is_away_lets_requests_pass_and_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    rates = Rates("1/minute", f"redis://:SECRET@127.0.0.1:{port}")

    async def take_often() -> list[dict[str, str]]:
        return [dict(await rates.take("key ada")) for _ in range(3)]

    assert asyncio.run(take_often()) == [{}] * 3
    (line,) = capsys.readouterr().out.splitlines()
    assert "RATE_LIMIT_STORE does not answer: requests pass uncounted" in line
    assert "SECRET" not in line


def test_the_whole_seconds_of_redis_are_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Storage:
        async def incr(self, key: str, expiry: int) -> int:
            return 3

        async def get_expiry(self, key: str) -> float:
            return time.time() + 7

    in_redis = RedisCounts("redis://127.0.0.1")
    monkeypatch.setattr(in_redis, "_storage", Storage())

    count, ends = asyncio.run(in_redis.count("key", 60))

    assert count == 3
    assert 7 < ends <= 7.5


@pytest.mark.parametrize("value", ["redis://x", "redis://:a,b@x:1/2", "rediss://u:p@[::1]:6380/0?ssl_cert_reqs=none"])
def test_the_address_of_a_redis_is_not_asked_before_a_request(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_STORE", value)

    settings = Settings.load()

    assert Rates("1/day", settings.rate_limit_store).are_limited


def test_a_clock_that_is_set_back_does_not_lock_a_client_out(clock: Clock) -> None:
    rates = Rates("1/minute")
    take(rates)

    clock.now -= 86_400

    assert take(rates)["RateLimit"] == '"1/minute";r=0;t=60'


@pytest.mark.parametrize(
    ("name", "address", "client"),
    [
        ("ada", "192.0.2.1", "key ada"),
        ("", "192.0.2.1", "address 192.0.2.1"),
        ("", "::ffff:192.0.2.1", "address 192.0.2.1"),
        ("", "2001:db8::1", "address 2001:db8::"),
        ("", "2001:db8::ffff:0:0:1", "address 2001:db8::"),
        ("", "2001:db8:0:1::1", "address 2001:db8:0:1::"),
        ("", "", "address unknown"),
    ],
)
def test_a_client_is_a_key_or_an_address_or_a_network_of_ipv6(name: str, address: str, client: str) -> None:
    assert identify(name, address) == client


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("RATE_LIMIT", value)
            for value in ("often", "0/minute", "-1/minute", "1/fortnight", "1/minute;", "9" * 20 + "/day")
        ),
        *(("RATE_LIMIT_STORE", value) for value in ("memory", "http://x", "redis://", "redis://x:y", "redis://x:0x")),
        *(("RATE_LIMIT_STORE", value) for value in ("redis://x/y", "redis://x?socket_timeout=y", "redis://x?y=1")),
    ],
)
def test_a_wrong_setting_is_one_line(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name} has a value that is not allowed: it must be empty, or .+$"):
        Settings.load()
