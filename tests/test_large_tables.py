"""A table of a million rows goes through a worker without filling its memory, and its faults are named."""

import http.client
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, Installed, succeed
from tests.server import serve

ROWS = 1_000_000
BAD = 700_000
LIMIT_MB = 300
AGES, SEXES, PORTS = ("22", "", "38.5", "4"), ("male", "female", "male"), ("S", "C", "Q", "S", "S")


def table(bad: int | None = None) -> Iterator[bytes]:
    """The rows in chunks, so that the test does not hold them either."""
    rows = zip(itertools.cycle(AGES), itertools.cycle(SEXES), itertools.cycle(PORTS))
    yield b"Age,Sex,Embarked\n"
    for start in range(0, ROWS, 10_000):
        lines = [",".join(next(rows)) + "\n" for _ in range(10_000)]
        if bad is not None and start <= bad - 1 < start + 10_000:
            lines[bad - 1 - start] = "old,male,S\n"
        yield "".join(lines).encode()


def post(port: int, chunks: Iterator[bytes], target: str = "/predict") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3600)
    connection.request("POST", target, chunks, {"Content-Type": "text/csv"}, encode_chunked=True)
    response = connection.getresponse()
    return response.status, response.read()


def peak_mb(parent: int) -> float:
    """The most memory that any process of the server has had."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    peaks = []
    for pid in [str(parent), *found.stdout.split()]:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        peaks += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    return max(peaks)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("framework", "engine"), [*((name, "onnx") for name in FRAMEWORKS), (FRAMEWORKS[-1], "sklearn")]
)
def test_a_million_rows_are_answered_in_little_memory(
    installed: Installed, tmp_path: Path, framework: str, engine: str
) -> None:
    project = installed(framework)
    models = str(tmp_path / "artifacts")
    succeed("make", "train", f"ENGINE={engine}", cwd=project, MODEL_DIR=models)

    with serve(project, MODEL_DIR=models) as port:
        status, answer = post(port, table(), "/predict?probabilities=true&warnings=true")
        refused, problem = post(port, table(bad=BAD))
        peak = peak_mb(parent_of(port, project))

    assert status == 200
    assert answer.count(b"\n") == ROWS + 1
    assert refused == 422
    assert json.loads(problem)["errors"] == [
        {"pointer": f"/{BAD - 1}/Age", "detail": f"row {BAD}: must be a number of at most 3.4e+38 in size or null"}
    ]
    assert peak < LIMIT_MB


def parent_of(port: int, project: Path) -> int:
    """Find the process that `serve` started, by the port in its environment."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if f"PORT={port}".encode() in environment and parent == os.getpid():
                return int(folder.name)
    raise AssertionError(f"no server of {project} on port {port}")
