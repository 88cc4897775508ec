"""What is installed below .bench/, and installed again only if its pins have changed."""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.processes import start, stop

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / ".bench"
PEERS = ROOT / "benchmarks" / "peers"
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
TIMEOUT = 1800


class BenchError(RuntimeError):
    """What could not be installed, started or measured, and why, in one line."""


def run(title: str, command: list[object], cwd: Path = ROOT, **settings: str) -> None:
    """Run a command to its end, silently. Raises BenchError with its last line."""
    print(f"    {title}", flush=True)
    log = BENCH / "logs" / "install.log"
    process = start([str(part) for part in command], cwd, settings, log)
    try:
        code = process.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{title}: not done after {TIMEOUT} s") from None
    finally:
        if process.poll() is None:
            stop(process)
    if code:
        raise BenchError(f"{title}: {last_line(log.read_text(errors='replace'))}")


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


def once(name: str, sources: Iterable[Path], make: Callable[[], None]) -> None:
    """Make something, unless it was made of the same sources before."""
    digest = hashlib.sha256(f"{sys.executable} {sys.version} {ROOT}".encode())
    for path in sorted(sources):
        digest.update(path.read_bytes())
    stamp = BENCH / "made" / name
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())


def environment(name: str, *requirements: Path, root: Path = ROOT, local: Iterable[Path] = ()) -> Path:
    """Make an environment with some requirements and nothing else, and return its folder. Raises BenchError.

    Paths in the requirements begin at `root`, and `local` are the files of what is installed from there.
    """
    folder = BENCH / "environments" / name

    def install() -> None:
        files = [part for path in requirements for part in ("-r", path)]
        shutil.rmtree(folder, ignore_errors=True)
        if uv := shutil.which("uv"):
            run(f"make an environment for {name}", [uv, "venv", "--python", sys.executable, folder])
            python = ["--compile-bytecode", "--python", folder / "bin" / "python"]
            run(f"install what {name} needs", [uv, "pip", "install", *python, *files], root)
        else:
            pip = folder / "bin" / "pip"
            run(f"make an environment for {name}", [sys.executable, "-m", "venv", folder])
            run(f"remove setuptools for {name}", [pip, "uninstall", "--yes", "setuptools"])
            run(f"install what {name} needs", [pip, "install", "--disable-pip-version-check", *files], root)
            run(f"remove pip for {name}", [pip, "uninstall", "--yes", "pip"])

    once(f"environment-{name}", [*requirements, *local], install)
    return folder


def pin(requirements: Path, package: str) -> str | None:
    """Find the version that a file of pins has for a package."""
    found = re.search(rf"(?m)^{re.escape(package)}==(\S+)", requirements.read_text())
    return found and found[1]
