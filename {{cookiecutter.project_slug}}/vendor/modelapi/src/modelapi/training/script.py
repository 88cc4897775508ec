"""`modelapi train`: run the project's own steps/train.py, as `python -m steps.train` does."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from modelapi.project import current_project

MODULE = "steps.train"


def main(arguments: Sequence[str]) -> None:
    """Run the module with these options, or exit with one line that says where it fails."""
    project = current_project()
    name = project.options.get("train", {}).get("module", MODULE)
    path = Path(*name.split(".")).with_suffix(".py")
    if not (project.root / path).is_file():
        sys.exit(f"Not trained: {project.root} has no {path}: go to the folder of a project, or write one there")
    sys.argv = [str(path), *arguments]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except Exception as error:
        where = _place(error, project.root) or str(path)
        said = str(error).strip().splitlines() or [""]
        sys.exit(f'Not trained: {where}: {type(error).__name__}: {said[0]} ("python -m {name}" shows all of it)')


def _place(error: Exception, root: Path) -> str | None:
    """Name the last line of the project's own code that an error came through."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno))
    own = [(Path(file).relative_to(root), line) for file, line in places if Path(file).is_relative_to(root)]
    own = [(path, line) for path, line in own if "site-packages" not in path.parts]
    return "{}, line {}".format(*own[-1]) if own else None
