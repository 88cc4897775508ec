"""Arrays of counts: each worker keeps its own in a file, where they outlive it, and whoever is asked adds all up.

Without a folder for them (modelapi.serving.shared) there is one process, which counts in memory.
"""

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from modelapi.serving import metrics
from modelapi.serving.shared import FOLDER, remember

BYTES = 8  # Of a number.

_own: dict[str, memoryview] = {}
_described: dict[str, str] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_own.clear)  # The files are those of the parent.


def counts(name: str, size: int) -> memoryview:
    """Return the counts of this process, or those that the worker before it left: so many whole numbers, 0 at first."""
    if name not in _own:
        _own[name] = _open(name, size * BYTES).cast("q")
    return _own[name]


def all_counts(name: str, size: int) -> np.ndarray[Any, Any]:
    """Return those of all workers, of shape (n_workers, size)."""
    if FOLDER not in os.environ:
        return np.array([counts(name, size)])
    files = Path(os.environ[FOLDER]).glob(f"{name}.*.counts")
    contents = [content for path in files if len(content := path.read_bytes()) == size * BYTES]
    return np.frombuffer(b"".join(contents), dtype=np.int64).reshape(-1, size)


def describe(name: str, text: str) -> None:
    """Say for all workers what is counted under a name."""
    if FOLDER in os.environ:
        remember(f"{name}.tally", text)
    else:
        _described.pop(name, None)
        _described[name] = text


def described() -> dict[str, str]:
    """List what is counted, by name; what was described last is last."""
    if FOLDER not in os.environ:
        return dict(_described)
    files = sorted(Path(os.environ[FOLDER]).glob("*.tally"), key=lambda path: path.stat().st_mtime_ns)
    return {path.stem: path.read_text(encoding="utf-8") for path in files}


def forget(name: str) -> None:
    """Drop the counts of this name."""
    _described.pop(name, None)
    _own.pop(name, None)
    if FOLDER in os.environ:
        for path in Path(os.environ[FOLDER]).glob(f"{name}.*"):
            path.unlink(missing_ok=True)


def _open(name: str, size: int) -> memoryview:
    if FOLDER not in os.environ:
        return memoryview(bytearray(size))
    path = Path(os.environ[FOLDER], f"{name}.{metrics.number()}.counts")
    try:
        if not path.exists() or path.stat().st_size != size:
            path.write_bytes(bytes(size))  # All of it now: where there is no room, a file with holes is a fault later.
        with path.open("r+b") as file:
            return memoryview(mmap.mmap(file.fileno(), size))
    except OSError:  # To predict is worth more than to count.
        return memoryview(bytearray(size))
