"""Which wheels an image needs: those that the project's pins name for its platform, and where they come from."""

from __future__ import annotations

import subprocess  # nosec B404 # It runs pip.
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modelapi.image import ImageError
from modelapi.image.wheels import Target, Wheel


def collect(project: Path, model: Path, target: Target, folder: Path) -> list[Wheel]:
    """Download the wheels that serving needs, then those that the model needs, and what these need in turn.

    model : its requirements.txt, whose pins go before those of requirements/. Raises ImageError.
    """
    common, own = _read_pins(project / "requirements" / "common.txt", target), _read_pins(model, target)
    pins = _read_pins(project / "requirements" / "develop.txt", target) | common | own
    wheels: dict[str, Wheel] = {}
    missing = common.keys() | own.keys()
    while missing:
        if unknown := sorted(missing - pins.keys()):
            raise ImageError(
                f"the model needs {', '.join(unknown)}, which requirements/develop.txt does not pin: "
                'name it in requirements/develop.in and run "make requirements"'
            )
        wheels |= _fetch(project, [pins[name] for name in sorted(missing)], target, folder)
        missing = {name for wheel in wheels.values() for name in wheel.requires(target)} - wheels.keys()
    return sorted(wheels.values(), key=lambda wheel: wheel.name)


def _read_pins(path: Path, target: Target) -> dict[str, str]:
    """Read which version of what is pinned there; a folder stands for the package in it, which has its name."""
    pins: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("."):
            pins[canonicalize_name(Path(text.partition("[")[0]).name)] = text
        elif text and target.needs(pin := Requirement(text)):
            pins[canonicalize_name(pin.name)] = f"{pin.name}{pin.specifier}"
    return pins


def _fetch(project: Path, pins: Iterable[str], target: Target, folder: Path) -> dict[str, Wheel]:
    """Download wheels, and build those of folders; by name."""
    before = {*folder.glob("*.whl")}
    local = [pin for pin in pins if pin.startswith(".")]
    if local:
        _pip(project, "wheel", "--no-deps", f"--wheel-dir={folder}", *local)
    built = {*folder.glob("*.whl")} - before
    if others := [pin for pin in pins if not pin.startswith(".")]:
        _pip(project, "download", "--no-deps", "--only-binary=:all:", f"--dest={folder}", *target.options, *others)
    found = (Wheel(path, path in built) for path in sorted({*folder.glob("*.whl")} - before))
    return {wheel.name: wheel for wheel in found}


def _pip(project: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, errors="replace")  # nosec B603
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or [done.stderr.strip()]
        if "No module named pip" in said[0]:
            raise ImageError('pip is not installed: run "make tools" first')
        raise ImageError(f"pip did not bring what the pins name: {said[-1].removeprefix('ERROR: ')}")
