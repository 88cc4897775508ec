"""Which types a skops file may hold: classes of known libraries, and what is in the project's own features/."""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import sys
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from types import FunctionType
from typing import Any

from modelapi.engines import EngineError
from modelapi.engines.functions import FUNCTIONS

FEATURES = "features"  # The project's own package: it is code that the project has, and not of the file.
# Packages whose classes may be made from a file.
TRUSTED = ("sklearn.", "xgboost.", "lightgbm.", "catboost.", "imblearn.", "category_encoders.")
# A partial calls what it holds, which has to be trusted by itself.
HARMLESS = ("numpy.dtype", "collections.OrderedDict", "functools.partial", "scipy.interpolate._bsplines.BSpline")
STORED = "FunctionNode"  # What skops calls a function that it only looks up; others it may call.


def trusted_types(content: bytes) -> list[str]:
    """List the types in the file that skops does not know, but that are classes of TRUSTED, FUNCTIONS or of features/.

    Making one of these runs no code but the library's or the project's own. Raises EngineError if there are other
    types, or if a part of features/ is not there.
    """
    from skops.io import get_untrusted_types

    unknown = sorted(get_untrusted_types(data=content))
    called = {name for name, loader in _parts(_schema(content)) if loader != STORED} if unknown else set()
    refused = [name for name in unknown if not is_trusted(name, called=name in called)]
    if refused:
        if strangers := [name for name in refused if is_stranger(name)]:
            raise EngineError(misplaced(strangers))
        raise EngineError(
            f"the model holds types that skops does not load safely ({', '.join(refused)}): build the pipeline from "
            f"scikit-learn's own parts, move yours into {FEATURES}/, or store it with joblib and set ALLOW_PICKLE=1"
        )
    return unknown


def is_trusted(name: str, *, called: bool) -> bool:
    """Tell whether a name is that of a class, or of a function that the file does not call: of FUNCTIONS or features/.

    Raises EngineError if it is of features/, and not there.
    """
    if name in FUNCTIONS:
        return not called
    own = is_own(name)
    if own:
        part = _own_part(name)
    elif name.startswith(TRUSTED):
        try:
            part = pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            return False
    else:
        return name in HARMLESS
    if not isinstance(part, type) and not (own and not called and isinstance(part, FunctionType)):
        return False
    # Not what a module of these has only imported, as tempfile's classes.
    return f"{part.__module__}.{part.__qualname__}" == name


def is_own(name: str) -> bool:
    """Tell whether a module, a class or a function is of the project's features/."""
    return name.partition(".")[0] == FEATURES


def is_stranger(name: str) -> bool:
    """Tell whether a class or a function is of a script, a notebook or a module that nobody has installed."""
    package = name.partition(".")[0]
    return package == "__main__" or (package not in _installed() and not is_own(name))


@cache
def _installed() -> frozenset[str]:
    return frozenset(metadata.packages_distributions().keys() | sys.stdlib_module_names)


def misplaced(names: Iterable[str]) -> str:
    """Say which parts of a model are code that the server cannot import, and where they belong."""
    listed = []
    for module, _, part in (name.rpartition(".") for name in sorted(names)):
        home = "a script or notebook" if module.partition(".")[0] == "__main__" else f"the module {module}"
        listed.append(f"a lambda of {home}" if "<lambda>" in part else f"{part} of {home}")
    lambdas = ", with a name," if any(name.startswith("a lambda") for name in listed) else ""
    return (
        f"the model uses {' and '.join(listed)}, which the server could not import: define it{lambdas} in a module of "
        f"{FEATURES}/, import it from there where the model is made, and store the model again"
    )


def absent(module: str) -> str:
    """Say that a model needs a module, and where it belongs."""
    if is_own(module):
        path = module.replace(".", "/")
        return (
            f"the model needs {module}, which is not there: put {path}.py, which it was trained with, into the project"
        )
    return f"the model needs {module}, which is not installed: install it"


def _own_part(name: str) -> Any:
    module, _, part = name.rpartition(".")
    try:
        home = importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        # Not even the folder may be there.
        raise EngineError(absent(module if is_own(missing) else missing)) from None
    except Exception as error:
        raise EngineError(f"the model needs {module}, which fails ({type(error).__name__}: {error}): mend it") from None
    try:
        return getattr(home, part)
    except AttributeError:
        raise EngineError(f"the model needs {name}, which is not there: put it back, or train the model anew") from None


def _schema(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return json.loads(file.read("schema.json"))


def _parts(state: Any) -> Iterator[tuple[str, str]]:
    """Name the type of each part of a file, and what skops loads it with."""
    if isinstance(state, dict):
        if "__loader__" in state:
            yield f"{state.get('__module__')}.{state.get('__class__')}", state["__loader__"]
        state = list(state.values())
    if isinstance(state, list):
        for part in state:
            yield from _parts(part)
