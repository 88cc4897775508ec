"""The application of a project, as its entry point makes it."""

import importlib
from contextlib import suppress
from typing import Any, NamedTuple

from modelapi.project import Project
from modelapi.serving.extension import Extension
from modelapi.serving.tracing import are_spans_wanted
from modelapi.settings import SettingsError

ENTRIES = ("asgi", "wsgi")  # Modules beside pyproject.toml, of which a project has one; its `app` is served.


class Target(NamedTuple):
    """An application, and the extension that was initialised for it, whatever is wrapped around."""

    app: Any
    is_wsgi: bool
    extension: Extension


def load_target(project: Project) -> Target:
    """Import the project's application. Raises SettingsError if there is none, or none with a ModelApi."""
    entry = find_entry(project)
    project.make_importable()
    app = getattr(importlib.import_module(entry), "app", None)
    if app is None or Extension.newest is None:
        raise SettingsError(f"{entry}.py makes no app with a ModelApi: let it say app = create_app()")
    return Target(app, entry == "wsgi", Extension.newest)


def load_api(project: Project) -> Extension:
    """Return the extension of the project's application, whose `adjust` and OpenAPI document others need."""
    return load_target(project).extension


def find_entry(project: Project) -> str:
    """Name the module of the entry point. Raises SettingsError."""
    for name in ENTRIES:
        if (project.root / f"{name}.py").is_file():
            return name
    raise SettingsError(f"{project.root} has neither asgi.py nor wsgi.py: run this where your project is")


def preload(project: Project, engine: str) -> None:
    """Import what all workers have in common, once, so that they start fast and share its memory.

    The application is not made, for it loads the model, and the threads of ONNX Runtime and OpenMP would not survive
    the fork.
    """
    from modelapi.engines import engine_module

    engine_module(engine)
    if are_spans_wanted():
        with suppress(ImportError):  # Each worker says so.
            importlib.import_module("modelapi.serving.spans")
    importlib.import_module("modelapi.process.server")
    importlib.import_module(f"modelapi.{'fastapi' if find_entry(project) == 'asgi' else 'flask'}")
    if (project.root / "api" / "app.py").is_file():
        importlib.import_module("api.app")
