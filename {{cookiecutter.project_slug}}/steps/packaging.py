"""Choose the engine of a fitted estimator, and write the model package."""

from __future__ import annotations

import io
import pickle
import sys
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any, NamedTuple

import joblib
import skops.io

from api.settings import PROJECT, Settings
from model import package
from model.columns import Columns
from model.engines import ENGINES, Engine, EngineError, Prediction, engine_module
from model.engines.sklearn_engine import SklearnEngine, trusted_types
from model.frames import to_frame
from model.package import Manifest, Metrics
from model.signature import Signature
from steps import onnx_export, parity
from steps.models import OnnxModel

ALWAYS = ("numpy", "scipy", "pandas", "scikit-learn")


class Export(NamedTuple):
    """A model in the format of an engine, and the versions of the libraries that serving it needs."""

    content: bytes
    libraries: dict[str, str]


def package_model(
    estimator: Any,
    columns: Columns,
    signature: Signature,
    *,
    metrics: Metrics,
    settings: Settings,
    engine: str | None = None,
) -> Manifest:
    """Make a fitted estimator the current model, for the engine named or the first that answers as it does.

    columns : the sample, on which engines and estimator are compared. Raises EngineError if none does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The comparison asks for what was not seen in training.
        sample = parity.head(columns)
        original = _engine_of(estimator, signature)
        rows, signature = parity.mutate(original, sample, signature)
        expected = original.predict(rows, probabilities=signature.probabilities)
        refused = []
        for name in candidates(engine, settings):
            try:
                if isinstance(estimator, OnnxModel) and name != "onnx":
                    raise EngineError("it is an ONNX model")
                export = EXPORTS[name](estimator, sample, signature)
                loaded = engine_module(name).load(export.content, signature)
                answer = _predict(loaded, rows, signature)
                difference = parity.compare(expected, answer, signature)
            except EngineError as error:
                refused.append(f"not {name}, for {error}")
                continue
            compared = f"on {parity.n_rows(rows)} rows it answers as the estimator does"
            largest = f"the largest difference is {difference:.1g}" if difference else "without any difference"
            return package.save(
                settings.model_dir,
                export.content,
                name=PROJECT["project"]["name"],
                engine=name,
                reason="; ".join([f"{compared}, {largest}", *refused]),
                libraries=export.libraries,
                signature=signature,
                metrics=metrics,
            )
    raise EngineError(f"no engine can serve this estimator: {'; '.join(refused)}")


def _engine_of(model: Any, signature: Signature) -> Engine:
    """Run a model as it came."""
    if isinstance(model, OnnxModel):
        return engine_module("onnx").load(model.content, signature)
    return SklearnEngine(model, signature)


def candidates(engine: str | None, settings: Settings) -> list[str]:
    """List the engines to try in order, or the one that was asked for. Raises EngineError if there is no such one."""
    if engine not in (None, *ENGINES):
        raise EngineError(f"there is no engine {engine}: name one of {', '.join(ENGINES)}")
    if engine == "joblib" and not settings.allow_pickle:
        raise EngineError("engine joblib stores a pickle, and loading one runs the code in it: add ALLOW_PICKLE=1")
    return [engine] if engine else [name for name in ENGINES if name != "joblib" or settings.allow_pickle]


def announce(manifest: Manifest) -> str:
    """Say which version is current now, and which engine runs it and why."""
    return (
        f"Engine {manifest.engine}: {manifest.reason}\n"
        f"Packaged as version {manifest.version}; it is the current one now"
    )


def _predict(engine: Engine, rows: Columns, signature: Signature) -> Prediction:
    try:
        return engine.predict(rows, probabilities=signature.probabilities)
    except Exception as error:
        raise EngineError(f"it cannot predict: {error}".splitlines()[0]) from error


def _export_onnx(estimator: Any, sample: Columns, signature: Signature) -> Export:
    if isinstance(estimator, OnnxModel):
        content = estimator.content
    else:
        content = onnx_export.export(estimator, to_frame(sample, signature.features))
    return Export(content, _versions(["numpy", "onnxruntime"]))


def _export_sklearn(estimator: Any, _sample: Columns, _signature: Signature) -> Export:
    try:
        content = skops.io.dumps(estimator)
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


class _Modules(pickle.Pickler):
    """Collects the names of the packages whose objects an estimator is made of."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.names: set[str] = set()

    def persistent_id(self, part: Any) -> None:
        """Look at each part that would be stored; all of them are stored as usual."""
        module = getattr(part, "__module__", None) or type(part).__module__
        if isinstance(module, str):
            self.names.add(module.partition(".")[0])


def _distributions(estimator: Any) -> list[str]:
    """List the distributions whose classes and functions an estimator uses, in the order of their names.

    Raises EngineError if it uses what is in none: a notebook, or a module of your own.
    """
    modules = _Modules()
    try:
        modules.dump(estimator)
    except Exception as error:
        raise EngineError(f"it cannot be pickled ({type(error).__name__})") from None
    known = metadata.packages_distributions()
    foreign = modules.names - sys.stdlib_module_names - known.keys() - {"api", "model", "steps"}
    if foreign or "__main__" in modules.names:
        names = ", ".join(sorted(foreign | modules.names & {"__main__"}))
        raise EngineError(f"it uses code of {names}, which the server could not import: put that into a package")
    return sorted({known[name][0] for name in modules.names if name in known})
