"""Code of a script, a notebook or a loose module, which a pickle asks for and which now lies in features/."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from modelapi.engines import EngineError
from modelapi.engines.trust import FEATURES

MAIN = "__main__"


@contextmanager
def found_in_features(*modules: str) -> Iterator[None]:
    """Let a pickle that names parts of these modules find the parts of features/ that are called so."""
    kept = {name: sys.modules.get(name) for name in modules}
    sys.modules.update({name: _StandIn(name) for name in modules})
    try:
        yield
    finally:
        for name, module in kept.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


class _StandIn(ModuleType):
    """A module that has what features/ has. It has no part of ours, though this process may have a __main__."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []  # So that what is below it can be asked for.

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for module in _modules():
            if (part := vars(module).get(name)) is not None and getattr(part, "__module__", "") == module.__name__:
                return part
        if self.__name__ == MAIN:
            raise EngineError(
                f"the model needs {name}, which the script or notebook that stored it defines: "
                f"put it into a module of {FEATURES}/, and package the model again"
            )
        raise EngineError(missing(self.__name__))


def missing(module: str) -> str:
    """Say where a module belongs that is neither installed nor in features/."""
    package, path = module.partition(".")[0], module.replace(".", "/")
    return (
        f"the model needs {module}, which is not installed: install {package} or, if it is a module of yours, "
        f"put it into the project as {FEATURES}/{path}.py, and package the model again"
    )


def _modules() -> Iterator[ModuleType]:
    """Import the modules of features/, of which there may be none. Raises EngineError if one fails."""
    if importlib.util.find_spec(FEATURES) is None:
        return
    package = importlib.import_module(FEATURES)
    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{FEATURES}."):
        try:
            yield importlib.import_module(info.name)
        except Exception as error:
            raise EngineError(f"{info.name} fails ({type(error).__name__}: {error}): mend it") from None
