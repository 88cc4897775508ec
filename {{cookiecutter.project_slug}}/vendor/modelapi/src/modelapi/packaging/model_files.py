"""Files with a fitted model: skops, joblib or pickle, ONNX."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np

from modelapi.engines import Engine, EngineError, engine_module, sklearn_engine
from modelapi.engines.trust import absent, is_own
from modelapi.packaging.own_code import MAIN, found_in_features
from modelapi.signature import Signature

LABELS = re.compile("classlabels_(strings|ints|int64s)")
# What a pickle begins with, and what joblib's compressors do.
PICKLES = (b"\x80", b"\x1f\x8b", b"\x78", b"BZ", b"\xfd7zXZ", b"\x5d\x00\x00", b"ZF")


@contextmanager
def importing() -> Iterator[None]:
    """Import what the engine onnx needs, for which there may be no wheel here: then raise EngineError."""
    try:
        yield
    except ImportError as error:
        raise EngineError(f"{str(error.name).partition('.')[0]} cannot be imported here") from error


class OnnxModel:
    """What an ONNX graph says of itself, by the names that fitted estimators have for it."""

    def __init__(self, content: bytes) -> None:
        """Raise EngineError if ONNX Runtime does not run it."""
        with importing():
            import onnx
            from onnx import external_data_helper

            from modelapi.engines.onnx_engine import open_session
            from modelapi.onnx.locales import let_go_of_locales
        model = onnx.load_model_from_string(content)
        graph = model.graph
        if any(external_data_helper.uses_external_data(tensor) for tensor in graph.initializer):
            raise EngineError("the model keeps weights in a file beside it: save it as one file with onnx.save")
        let_go_of_locales(graph)
        content = model.SerializeToString()
        session = open_session(content)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        self.content = content
        if len(inputs) > 1:
            self.feature_names_in_ = [one.name for one in inputs]
        width = inputs[0].shape[-1]
        if len(inputs) > 1 or isinstance(width, int):  # A width may also be open.
            self.n_features_in_ = len(inputs) if len(inputs) > 1 else width
        answers = outputs[0].shape[-1] if len(outputs[0].shape or []) > 1 else 1
        self.n_outputs = answers if isinstance(answers, int) else 1
        for node in graph.node:
            for attribute in node.attribute:
                if LABELS.fullmatch(attribute.name) and (attribute.ints or attribute.strings):
                    self.classes_ = np.array(attribute.ints or [label.decode() for label in attribute.strings])
        self._estimator_type = self._read_kind(outputs)
        if self._estimator_type is None and len(outputs) > 1:
            self.predict_proba = outputs[1].name

    def _read_kind(self, outputs: Sequence[Any]) -> Literal["outlier_detector", "clusterer"] | None:
        """Tell a detector of outliers or clusters by its outputs, as skl2onnx names them: numbered, with scores."""
        if [one.name for one in outputs] != ["label", "scores"] or hasattr(self, "classes_"):
            return None
        label, scores = outputs
        if label.type != "tensor(int64)":
            return None
        width = scores.shape[1] if len(scores.shape) > 1 else 1
        if width == 1:
            self.decision_function = scores.name
            return "outlier_detector"
        self.labels_ = np.arange(width)  # Of the distances to the middles of clusters there is one a cluster.
        return "clusterer"


def as_it_came(model: Any, signature: Signature) -> Engine:
    """Ask a fitted estimator, or an OnnxModel, as engines are asked."""
    if isinstance(model, OnnxModel):
        return engine_module("onnx").load(model.content, signature)
    return sklearn_engine.SklearnEngine(model, signature)


def read_file(path: Path, *, allow_pickle: bool) -> bytes:
    """Read a file that may be loaded. Raises EngineError if it holds no model, or a pickle that nobody allowed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path} cannot be read ({error.strerror or error}): name a file with a model") from None
    is_pickle = content.startswith(PICKLES)
    if not (is_pickle or zipfile.is_zipfile(io.BytesIO(content)) or _is_onnx(content)):
        raise EngineError(f"{path} is no model file: store the estimator with skops.io.dump or joblib.dump, or as ONNX")
    if is_pickle and not allow_pickle:
        raise EngineError(
            f"{path} is a pickle, and loading one runs whatever code is in it: "
            "if you trust who made it, add ALLOW_PICKLE=1; skops.io.dump stores estimators without code"
        )
    return content


def load_model(path: Path, content: bytes) -> Any:
    """Load what read_file has read: a fitted estimator, or an OnnxModel. Raises EngineError with one line."""
    if content.startswith(PICKLES):
        return _read_pickle(path, content)
    return _read_skops(path, content) if zipfile.is_zipfile(io.BytesIO(content)) else OnnxModel(content)


def _read_skops(path: Path, content: bytes) -> Any:
    try:
        return sklearn_engine.read(content)
    except EngineError as error:
        raise EngineError(f"{path}: {error}") from None
    except Exception as error:
        raise EngineError(
            f"{path} is not a file that skops.io.dump wrote with this version ({type(error).__name__})"
        ) from None


def _read_pickle(path: Path, content: bytes) -> Any:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator = _unpickle(content)
    except EngineError as error:
        raise EngineError(f"{path} cannot be loaded: {error}") from None
    except ModuleNotFoundError as error:
        raise EngineError(f"{path} cannot be loaded: {absent(str(error.name))}") from None
    except Exception as error:
        raise EngineError(f"{path} cannot be loaded ({type(error).__name__}): store the estimator again") from None
    for note in {str(warning.message).splitlines()[0] for warning in caught}:
        print(f"Note: {note}")
    return estimator


def _unpickle(content: bytes) -> Any:
    """Load a pickle; what it names of modules that are not there is looked for in features/. Raises EngineError."""
    modules = [MAIN]
    while True:
        try:
            with found_in_features(*modules):
                return joblib.load(io.BytesIO(content))
        except ModuleNotFoundError as error:
            name = str(error.name)
            if is_own(name) or name in modules:
                raise
            modules.append(name)


def _is_onnx(content: bytes) -> bool:
    with importing():
        import onnx
    try:
        return len(onnx.load_model_from_string(content).graph.node) > 0
    except Exception:  # The parser has several kinds of errors.
        return False
