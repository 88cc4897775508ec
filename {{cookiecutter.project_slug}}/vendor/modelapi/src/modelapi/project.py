"""The project that modelapi works for: the folder whose pyproject.toml has a table [tool.modelapi]."""

import sys
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Project:
    """Where a project is, how it is called, and what its pyproject.toml says under [tool.modelapi]."""

    root: Path
    name: str
    version: str = "0"
    description: str = ""
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
    """Find the project that a folder or a file is in; without one, `start` is taken for an empty project."""
    for folder in (start, *start.parents):
        try:
            content = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
            options = content["tool"]["modelapi"]
        except (OSError, KeyError, ValueError):  # None, or that of something else.
            continue
        project = content.get("project", {})
        return Project(
            folder,
            project.get("name", folder.name),
            project.get("version", "0"),
            project.get("description", ""),
            options,
        )
    return Project(start, start.name)


def current_project() -> Project:
    """Return the project that the working directory is in."""
    return find_project(Path.cwd())
