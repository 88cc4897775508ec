"""The project's Dockerfile, whose last stage says what an image is besides its files: user, command, variables."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from modelapi.image import ImageError

NANOSECONDS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
LISTS = {"CMD": "Cmd", "ENTRYPOINT": "Entrypoint"}
WORDS = {"USER": "User", "WORKDIR": "WorkingDir", "STOPSIGNAL": "StopSignal"}


class Copy(NamedTuple):
    """A COPY of the last stage: from an earlier stage or, without one, from the project."""

    stage: str
    sources: Sequence[str]
    target: str


class Dockerfile:
    """What is read of a Dockerfile: the image that it stands on, and the instructions of its last stage."""

    def __init__(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ImageError(f"{path} cannot be read ({error.strerror})") from None
        stages: dict[str, str] = {}
        self.instructions: list[tuple[str, str]] = []
        base = ""
        for word, rest in _instructions(text):
            if word == "FROM":
                image, name = [*re.split(r"\s+AS\s+", rest, flags=re.IGNORECASE), ""][:2]
                base = stages[name] = stages.get(image, image)
                self.instructions = []
            else:
                self.instructions.append((word, rest))
        self.base = base

    @property
    def copies(self) -> list[Copy]:
        """List what is copied into the image. Raises ImageError."""
        found = []
        for word, rest in self.instructions:
            if word == "COPY":
                stage = re.match(r"--from=(\S+)\s+", rest)
                *sources, target = rest[stage.end() if stage else 0 :].split()
                if any(source.startswith(("--", "[")) for source in sources):
                    raise _refuse(word, rest)
                found.append(Copy(stage[1] if stage else "", sources, target))
        return found

    def configure(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """Say how a container of the image runs: as the base says, and then the last stage. Raises ImageError."""
        config = dict(base)
        environ = dict(variable.split("=", 1) for variable in config.get("Env") or [])
        for word, rest in self.instructions:
            if word == "ENV":
                for variable in shlex.split(rest):
                    name, _, value = variable.partition("=")
                    environ[name] = Template(value).safe_substitute(environ)
            elif word == "EXPOSE":
                ports: dict[str, Any] = {port if "/" in port else f"{port}/tcp": {} for port in rest.split()}
                config["ExposedPorts"] = {**(config.get("ExposedPorts") or {}), **ports}
            elif word == "HEALTHCHECK":
                config["Healthcheck"] = _health_check(rest)
            elif word in WORDS:
                config[WORDS[word]] = rest
            elif word in LISTS and rest.startswith("["):
                config[LISTS[word]] = json.loads(rest)
            elif word != "COPY":
                raise _refuse(word, rest)
        return {**config, "Env": [f"{name}={value}" for name, value in environ.items()]}


def _instructions(text: str) -> list[tuple[str, str]]:
    """Take a Dockerfile apart into its instructions, each with what stands behind it."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    parts = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word.upper(), rest.strip()) for word, _, rest in parts]


def _health_check(rest: str) -> dict[str, Any]:
    options, command, arguments = rest.partition("CMD ")
    if not command or not arguments.startswith("["):
        raise _refuse("HEALTHCHECK", rest)
    check: dict[str, Any] = {"Test": ["CMD", *json.loads(arguments)]}
    for name, number, unit in re.findall(r"--([a-z-]+)=(\d+)([a-z]*)", options):
        key = "".join(part.capitalize() for part in name.split("-"))
        check[key] = int(number) * NANOSECONDS[unit] if unit else int(number)
    return check


def _refuse(word: str, rest: str) -> ImageError:
    return ImageError(
        f"{word} {rest[:40]} in the last stage of the Dockerfile is for a container engine: "
        'run "make build", or move it to an earlier stage'
    )
