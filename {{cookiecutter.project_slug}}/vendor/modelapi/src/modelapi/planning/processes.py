"""What the processes of a server cost, as Linux tells it in /proc; elsewhere they are taken for always busy."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """Bytes of a server with one worker, and of them those that each further worker needs too."""

    server: int
    worker: int

    def of(self, workers: int) -> int:
        """Bytes of a server with so many workers."""
        return self.server + (workers - 1) * self.worker


def below(pid: int) -> list[int]:
    """List the processes that a process has started, and those that they have, and so on."""
    lists = [path.read_text(encoding="ascii") for path in PROC.glob(f"{pid}/task/*/children")]
    children = [int(child) for text in lists for child in text.split()]
    return [*children, *(grandchild for child in children for grandchild in below(child))]


def cpu_seconds(pids: list[int]) -> float:
    """Add up the time that processes have had of the cores."""
    if not pids:
        return time.monotonic()
    fields = [(PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def waited_seconds(pids: list[int]) -> float:
    """Add up the time that processes could have used a core, but others had it; 0 where that is not told."""
    tasks = [path.read_text(encoding="ascii") for pid in pids for path in PROC.glob(f"{pid}/task/*/schedstat")]
    return sum(int(task.split()[1]) for task in tasks) / 1e9


def memory(pids: list[int]) -> Memory | None:
    """Measure a server with one worker, of which all but what is shared is private to each. None if it is not told."""
    try:
        sizes = [_sizes(pid) for pid in pids]
    except OSError:
        return None
    if not sizes:
        return None
    return Memory(sum(one["Pss"] for one in sizes), max(one["Private_Clean"] + one["Private_Dirty"] for one in sizes))


def split_cores() -> tuple[set[int], set[int]]:
    """Return one core of those that this process may use, and the others, or that one where it is the only one."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()
    one = {min(cores)} if cores else set[int]()
    return one, cores - one or one


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Let this process, and what it starts meanwhile, have these cores; of none, all that it has."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _sizes(pid: int) -> dict[str, int]:
    lines = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {name.rstrip(":"): int(size) * 1024 for name, size, _ in map(str.split, lines)}
