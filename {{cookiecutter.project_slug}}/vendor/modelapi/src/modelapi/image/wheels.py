"""Wheels, and how they are installed into an image."""

from __future__ import annotations

import configparser
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modelapi.image.layers import File, Files, of_bytes

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = range(28, 16, -1)  # Of 2.28, which Debian, Ubuntu and Red Hat have had since 2019, and before.
SCRIPT = "#!{python}\nimport sys\n\nfrom {module} import {name}\n\nsys.exit({name}())\n"


@dataclass(frozen=True)
class Target:
    """The Python that wheels are for. python : as 3.14; machine : amd64 or arm64."""

    python: str
    machine: str

    @property
    def environment(self) -> dict[str, str]:
        """What markers ask for. Of patch releases the first, for which all backports are installed."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": MACHINES[self.machine],
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
        }

    def needs(self, requirement: Requirement) -> bool:
        """Tell whether a requirement is one there."""
        return requirement.marker is None or requirement.marker.evaluate(dict(self.environment))

    @property
    def options(self) -> list[str]:
        """What pip is told of it."""
        machine = MACHINES[self.machine]
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
        tags = [f"--platform={platform}" for platform in [*platforms, f"linux_{machine}"]]
        return ["--implementation=cp", f"--python-version={self.python}", *tags]


class Wheel:
    """A wheel that was downloaded, or made of a folder of the project."""

    def __init__(self, path: Path, built: bool = False) -> None:
        self.path = path
        self.built = built
        self._zip = ZipFile(path)
        names = self._zip.namelist()
        self._info = next(name.partition("/")[0] for name in names if name.endswith(".dist-info/METADATA"))

    @cached_property
    def metadata(self) -> Message:
        """Its METADATA."""
        return BytesParser().parsebytes(self._zip.read(f"{self._info}/METADATA"))

    @property
    def name(self) -> str:
        """Its name as pins have it."""
        return canonicalize_name(str(self.metadata["Name"]))

    @property
    def sha256(self) -> str:
        """Its digest, as the package index has it."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def requires(self, target: Target) -> set[str]:
        """Name what it needs there."""
        needed = map(Requirement, self.metadata.get_all("Requires-Dist", []))
        return {canonicalize_name(one.name) for one in needed if target.needs(one)}

    def files(self, venv: str, target: Target) -> Files:
        """List what it installs into a virtual environment, by path."""
        site = f"{venv}/lib/python{target.python}/site-packages"
        places = {"purelib": site, "platlib": site, "data": venv}
        found = self._commands(venv)
        for info in self._zip.infolist():
            top, _, rest = info.filename.partition("/")
            scheme, _, inner = rest.partition("/")
            place = f"{site}/{info.filename}"
            if top.endswith(".data"):
                if scheme not in places:  # Scripts and headers, which serve nothing here.
                    continue
                place = f"{places[scheme]}/{inner}"
            if not info.is_dir():
                executable = bool(info.external_attr >> 16 & 0o100)
                found[place] = File(info.file_size, partial(self._zip.open, info), executable)
        return found

    def _commands(self, venv: str) -> Files:
        name = f"{self._info}/entry_points.txt"
        points = configparser.ConfigParser(delimiters="=", interpolation=None)
        points.optionxform = str  # type: ignore[assignment,method-assign]
        if name in self._zip.namelist():
            points.read_string(self._zip.read(name).decode())
        commands: Files = {}
        for command, point in points["console_scripts"].items() if points.has_section("console_scripts") else ():
            module, _, function = point.partition("[")[0].strip().partition(":")
            script = SCRIPT.format(python=f"/{venv}/bin/python", module=module, name=function)
            commands[f"{venv}/bin/{command}"] = of_bytes(script.encode(), executable=True)
        return commands


def install(wheels: Iterable[Wheel], venv: str, python: str, target: Target) -> Files:
    """List the files of a virtual environment, by path, in which wheels are installed for a Python that is there."""
    home = str(PurePosixPath(python).parent)
    files: Files = {
        f"{venv}/pyvenv.cfg": of_bytes(f"home = {home}\ninclude-system-site-packages = false\n".encode()),
        f"{venv}/bin/python": python,
    }
    for wheel in wheels:
        files |= wheel.files(venv, target)
    return files
