"""The project that modelapi works for: the folder whose pyproject.toml has a table [tool.modelapi]."""

import sys
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any


class ProjectError(ValueError):
    """A pyproject.toml that cannot be read; the message says where, in a sentence."""


@dataclass(frozen=True)
class Project:
    """Where a project is, how it is called, and what its pyproject.toml says under [tool.modelapi]."""

    root: Path
    name: str
    version: str = "0"
    description: str = ""
    license: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name as people read it."""
        return str(self.options.get("title", self.name))

    def make_importable(self) -> None:
        """Let Python find the project's modules, as `api` and `features`, before all others."""
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))


@lru_cache
def find_project(start: Path) -> Project:
    """Find the project that a folder or a file is in; without one, `start` is taken for an empty project.

    Raises ProjectError if its pyproject.toml cannot be read.
    """
    for folder in (start, *start.parents):
        content = _read(folder / "pyproject.toml")
        if "modelapi" not in content.get("tool", {}):  # None, or that of something else.
            continue
        project = content.get("project", {})
        licence = project.get("license", "")
        return Project(
            folder,
            project.get("name", folder.name),
            project.get("version", "0"),
            project.get("description", ""),
            licence if isinstance(licence, str) else "",  # It may be a table, as it once was.
            content["tool"]["modelapi"],
        )
    return Project(start, start.name)


def current_project() -> Project:
    """Return the project that the working directory is in. Raises as find_project does."""
    return find_project(Path.cwd())


def _read(path: Path) -> dict[str, Any]:
    """Read what may be the pyproject.toml of a project; one that cannot be read is an error if it speaks of us."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        if b"tool.modelapi" not in content:
            return {}
        what = "UTF-8" if isinstance(error, UnicodeDecodeError) else "TOML"
        raise ProjectError(f"{path} is not valid {what}: {error}") from None
