"""Edits of a generated project, as its owner would make them; each is made on a copy."""

import shutil
from pathlib import Path

from benchmarks.build import BENCH, BenchError, once
from benchmarks.projects import project, template_files

IMPORT = "from fastapi import APIRouter\n"
FUNCTION = "async def predict("
TEAM = '''

async def find_team() -> str:
    """Say who asks."""
    return "pricing"

'''
GREETING = {
    "fastapi": '''

@router.get("/greeting")
async def greet() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, world!"}
''',
    "flask": '''

@blueprint.get("/greeting")
def greet() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, world!"}
''',
}


def edited(framework: str, name: str) -> Path:
    """Copy a project, edit the copy, and return its folder. Raises BenchError."""
    original = project(framework)
    folder = BENCH / "projects" / f"{framework}-{name}"

    def make() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(original, folder, ignore=shutil.ignore_patterns(".venv", ".*_cache", "__pycache__"))
        routes = folder / "api" / "routes.py"
        {"route": add_route, "dependency": add_dependency}[name](routes, framework)

    once(f"project-{framework}-{name}", [Path(__file__), *template_files()], make)
    return folder


def add_route(routes: Path, framework: str) -> None:
    """Add a route that returns a dict, in the plain words of the framework."""
    with routes.open("a") as file:
        file.write(GREETING[framework])


def add_dependency(routes: Path, _framework: str) -> None:
    """Let the function that predicts ask for more than the model, so that FastAPI solves what it asks for."""
    replace(routes, IMPORT, f"from typing import Annotated\n\n{IMPORT.strip()}, Depends\n")
    replace(routes, "\n\n@router.post", f"{TEAM}\n@router.post")
    replace(routes, FUNCTION, f"{FUNCTION}team: Annotated[str, Depends(find_team)], ")


def replace(path: Path, old: str, new: str) -> None:
    """Replace a piece of text that is there once. Raises BenchError."""
    text = path.read_text()
    if text.count(old) != 1:
        raise BenchError(f"{path.name} does not hold {old.strip()!r} once: benchmarks/edits.py edits it")
    path.write_text(text.replace(old, new))
