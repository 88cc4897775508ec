"""A server's processes: starting and stopping them, and what they cost."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 10
SETTLE_SECONDS = 20
TICK = os.sysconf("SC_CLK_TCK")

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Status:
    """What /proc says of a process."""

    parent: int
    session: int
    seconds: float  # Of CPU, its own and that of its children which have ended.
    started: int


def start(command: list[str], folder: Path, settings: Mapping[str, str], log: Path) -> Process:
    """Start a command in a session of its own."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def every_process() -> dict[int, Status]:
    """Read the status of all processes; nothing where there is no /proc."""
    every = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # It has ended.
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] not in "ZX":
                seconds = sum(map(int, fields[11:15])) / TICK
                every[int(path.parent.name)] = Status(int(fields[1]), int(fields[3]), seconds, int(fields[19]))
    return every


def tree(root: int) -> dict[int, Status]:
    """Find a process and all below it."""
    every = every_process()
    found = {pid for pid, status in every.items() if root in (pid, status.session)}
    while below := {pid for pid, status in every.items() if status.parent in found} - found:
        found |= below
    return {pid: every[pid] for pid in found}


def cpu_seconds(process: Process) -> float:
    """Add up the CPU time of a server's processes."""
    return sum(status.seconds for status in tree(process.pid).values())


def memory(process: Process) -> float:
    """Add up the proportional set size of a server's processes, in MB."""
    total = 0
    for pid in tree(process.pid):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 / 1e6


def settle(process: Process) -> None:
    """Wait until a server has nothing to do, for example until its second worker has started too."""
    deadline = time.monotonic() + SETTLE_SECONDS
    quiet = 0
    while quiet < 2 and time.monotonic() < deadline:
        before = cpu_seconds(process)
        time.sleep(0.3)
        quiet = quiet + 1 if cpu_seconds(process) - before <= 0.02 else 0


def stop(process: Process) -> None:
    """Ask a server to stop, and end what of it still runs after ten seconds."""
    members = tree(process.pid)

    def alive() -> list[int]:
        now = every_process()
        return [pid for pid, status in members.items() if pid in now and now[pid].started == status.started]

    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(OSError):
            os.killpg(process.pid, number)
        for pid in alive() if number == signal.SIGKILL else []:
            with suppress(OSError):
                os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None and not alive():
                return
            time.sleep(0.05)


def folder_size(folder: Path) -> float:
    """Add up what the files of a folder take on the disk in MB, each file once whatever its names."""
    sizes = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values()) / 1e6
