"""An environment with another scikit-learn, in which this library packages a model that this one does not read."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess  # nosec B404 # It runs uv, venv and pip.
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from modelapi.engines import EngineError
from modelapi.engines.trust import TRUSTED
from modelapi.packaging.stored_version import INSTALLED, installed, numbers, readable

log = logging.getLogger("modelapi")

# What packaging needs besides; none is newer than here, so that a graph runs here as it ran there.
LIBRARIES = (
    "joblib",
    "leather",
    "onnx",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "pydantic",
    "pydantic-settings",
    "skl2onnx",
    "skops",
)
OLDEST = "1.2"  # The first that the converters, skl2onnx and skops know.
FIRST_FOR_NUMPY_2 = (1, 4, 2)
FOR_NUMPY_1 = ("numpy<2", "pyarrow<21")
FIRST_FOR_PYTHON = {12: (1, 3, 1), 13: (1, 5, 2), 14: (1, 7, 2)}  # The first with a wheel for Python 3.12 and so on.
UNREACHABLE = re.compile("connect|dns|resolution:|resolve host|timed out|retrying|fail.* fetch", re.IGNORECASE)


def requirements(version: str, content: bytes) -> list[str]:
    """List what a model file needs to be packaged with that scikit-learn, which comes first."""
    named, known = readable(content), metadata.packages_distributions()
    others = [prefix.rstrip(".") for prefix in TRUSTED if prefix.encode() in named and prefix != "sklearn."]
    names = [*LIBRARIES, *(known[package][0] for package in others if package in known)]
    old = FOR_NUMPY_1 if numbers(version) < FIRST_FOR_NUMPY_2 else ()
    return [f"scikit-learn=={version}", *old, *(f"{name}<={metadata.version(name)}" for name in names)]


def make(folder: Path, version: str, needed: Sequence[str]) -> Path:
    """Install from the user's package index, by uv or else by pip; return the environment's Python.

    Raises EngineError if that scikit-learn is too old, not to be had for a Python that is here, or out of reach.
    """
    if numbers(version) < numbers(OLDEST):
        raise EngineError(
            f"the model is one of scikit-learn {version}, and {OLDEST} is the oldest that is packaged: {remedy()}"
        )
    older, uv = _older_python(version), shutil.which("uv")
    base = f"python{older}" if older else sys.executable
    with_uv = [uv, "venv", "--quiet", "--no-python-downloads", "--python", older or base] if uv else []
    if _run([*(with_uv or [base, "-m", "venv"]), str(folder)]) and older:
        raise EngineError(f"scikit-learn {version} has wheels up to Python {older}, which is not found: install it")
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    if fault := _run([*pip, "--quiet", "--only-binary", ":all:", *needed]):
        if UNREACHABLE.search(fault):
            raise EngineError(f"the package index that has scikit-learn {version} does not answer: try again later")
        raise EngineError(
            f"scikit-learn {version} and what goes with it cannot be installed (VERBOSE=1 shows why): {remedy()}"
        )
    return Path(python)


def remedy() -> str:
    """Say what can be done with a model whose version cannot be had, or serves no graph."""
    return (
        f"fit it again with scikit-learn {installed()}, or try SCIKIT_LEARN={INSTALLED}, "
        "which loads it with that though it may fail or answer otherwise"
    )


def _older_python(version: str) -> str | None:
    """Name the newest Python for which that scikit-learn has wheels, if this one is newer."""
    too_new = [minor for minor, first in FIRST_FOR_PYTHON.items() if numbers(version) < first]
    return f"3.{min(too_new) - 1}" if too_new and sys.version_info[1] >= min(too_new) else None


def _run(command: Sequence[str]) -> str:
    """Run a command; return what it says if it fails, else nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")  # nosec B603 # No shell.
    except OSError as error:
        return str(error)
    if done.returncode:
        log.debug("%s", done.stderr)
    return (done.stderr or "failed") if done.returncode else ""
