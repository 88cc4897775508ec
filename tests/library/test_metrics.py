"""Metrics are right, across processes and after one was replaced."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO

import httpx2
import pytest
from modelapi.serving import shared
from modelapi.serving.shared import FOLDER, shared_folder, take_number

from tests.library.web import Record

COUNT = """
import sys
from modelapi.serving import metrics
for _ in range(int(sys.argv[1])):
    metrics.begin()
    metrics.end("/predict", 200, 0.001, 2)
metrics.begin()  # And dies over it.
print(metrics.exposition().body.decode())
"""


def value(text: str, name: str) -> float:
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


def test_requests_rows_and_times_are_counted(client: httpx2.Client, record: Record) -> None:
    route = 'http_requests_total{route="/predict",status="200"}'
    client.post("/predict", json=[record])
    before = client.get("/metrics").text

    client.post("/predict", json=[record] * 3)
    client.get("/someones-name")

    after = client.get("/metrics").text
    assert value(after, route) == value(before, route) + 1
    assert value(after, "model_rows_total") == value(before, "model_rows_total") + 3
    duration = 'http_request_duration_seconds_count{route="/predict"}'
    assert value(after, duration) == value(before, duration) + 1
    assert value(after, "model_engine_seconds_count") == value(before, "model_engine_seconds_count") + 1
    assert value(after, "http_requests_in_progress") == 1
    assert 'http_requests_total{route="none",status="404"}' in after
    assert "someones-name" not in after


def test_they_are_in_the_format_of_prometheus(client: httpx2.Client) -> None:
    answer = client.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE http_requests_total counter" in answer.text


def test_a_worker_goes_on_with_the_counts_of_one_that_died(tmp_path: Path) -> None:
    def work(n_requests: int) -> str:
        command = [sys.executable, "-c", COUNT, str(n_requests)]
        environment = {**os.environ, FOLDER: str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    work(5)
    files = {path.name for path in tmp_path.iterdir()}
    text = work(7)

    assert value(text, 'http_requests_total{route="/predict",status="200"}') == 12
    assert value(text, "model_rows_total") == 24
    assert value(text, "http_requests_in_progress") == 1
    assert {path.name for path in tmp_path.iterdir()} == files


def test_a_number_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locks: list[IO[str]] = []
    monkeypatch.setattr(shared, "_locks", locks)

    numbers = [take_number(tmp_path), take_number(tmp_path)]
    locks[0].close()  # As at the end of its process.

    assert numbers == ["0", "1"]
    assert take_number(tmp_path) == "0"
    for lock in locks:
        lock.close()


def test_the_folder_is_removed_at_the_end_unless_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    with shared_folder():
        made = Path(os.environ[FOLDER])
        assert made.is_dir()
    assert not made.exists()

    monkeypatch.setenv(FOLDER, str(tmp_path))
    with shared_folder():
        pass
    assert tmp_path.is_dir()
