"""Fitted estimators in the formats of the engines, with the libraries that serving them needs."""

from __future__ import annotations

import io
import pickle  # nosec B403 # It writes, and reads none.
from collections.abc import Callable
from importlib import metadata
from typing import Any, NamedTuple

import joblib

from modelapi.engines import EngineError
from modelapi.engines.frames import to_frame
from modelapi.engines.trust import is_stranger, misplaced, trusted_types
from modelapi.packaging.model_files import OnnxModel, importing
from modelapi.records.columns import Columns
from modelapi.signature import Signature

ALWAYS = ("numpy", "scipy", "pandas", "scikit-learn")


class Export(NamedTuple):
    """A model in the format of an engine, and the versions of the libraries that serving it needs."""

    content: bytes
    libraries: dict[str, str]


def export(model: Any, engine: str, sample: Columns, signature: Signature) -> Export:
    """Write a model in the format of an engine. Raises EngineError if it cannot be."""
    if isinstance(model, OnnxModel):
        if engine != "onnx":
            raise EngineError("it is an ONNX model")
        return of_graph(model.content)
    return EXPORTS[engine](model, sample, signature)


def of_graph(content: bytes) -> Export:
    """Name what an ONNX graph needs."""
    return Export(content, _versions(["numpy", "onnxruntime"]))


def _export_onnx(estimator: Any, sample: Columns, signature: Signature) -> Export:
    with importing():
        from modelapi.onnx.export import export as export_graph
    return of_graph(export_graph(estimator, to_frame(sample, signature.features), signature))


def _export_sklearn(estimator: Any, _sample: Columns, _signature: Signature) -> Export:
    from skops.io import dumps

    try:
        content = dumps(estimator)
    except Exception as error:
        raise EngineError(f"skops cannot store it ({type(error).__name__})") from None
    trusted_types(content)
    return Export(content, _versions([*ALWAYS, "skops", *_distributions(estimator)]))


def _export_joblib(estimator: Any, _sample: Columns, _signature: Signature) -> Export:
    libraries = _versions([*ALWAYS, "joblib", *_distributions(estimator)])
    file = io.BytesIO()
    joblib.dump(estimator, file)
    return Export(file.getvalue(), libraries)


EXPORTS: dict[str, Callable[[Any, Columns, Signature], Export]] = {
    "onnx": _export_onnx,
    "sklearn": _export_sklearn,
    "joblib": _export_joblib,
}


def _versions(distributions: list[str]) -> dict[str, str]:
    return {name: metadata.version(name) for name in dict.fromkeys(distributions)}


class _Names(pickle.Pickler):
    """Collects the names of the classes and functions that an estimator is made of."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.names: set[str] = set()

    def persistent_id(self, part: Any) -> None:
        """Look at each part that would be stored; all of them are stored as usual."""
        module = getattr(part, "__module__", None) or type(part).__module__
        if isinstance(module, str):
            self.names.add(f"{module}.{getattr(part, '__qualname__', type(part).__qualname__)}")


def _distributions(estimator: Any) -> list[str]:
    """List the distributions whose classes and functions an estimator uses, in the order of their names.

    Raises EngineError if it uses what is neither in one nor in features/: of a notebook, or another module of yours.
    """
    pickler = _Names()
    try:
        pickler.dump(estimator)
    except Exception as error:
        fault = f"it cannot be pickled ({type(error).__name__})"
    else:
        fault = ""
    known = metadata.packages_distributions()
    packages = {name.partition(".")[0] for name in pickler.names}
    if strangers := [name for name in pickler.names if is_stranger(name)]:  # Which may be why it cannot be pickled.
        raise EngineError(misplaced(strangers))
    if fault:
        raise EngineError(fault)
    return sorted({known[package][0] for package in packages if package in known})
