"""An ONNX graph, run by ONNX Runtime: needs neither scikit-learn nor pandas, and holds no code."""

from typing import Any

import numpy as np
import onnxruntime

from model.columns import Columns, expand
from model.engines import EngineError, Prediction
from model.signature import Signature, Target

FILE = "model.onnx"
MISSING = "\ufdd0missing"  # Stands for missing text in a graph, which knows no None; it begins with no character.
DTYPES = {"tensor(double)": "float64", "tensor(float)": "float32", "tensor(int64)": "int64", "tensor(bool)": "bool"}

Array = np.ndarray[Any, Any]


class OnnxEngine:
    """A graph with an input for each column, or one for all; its outputs are labels and probabilities."""

    def __init__(self, session: onnxruntime.InferenceSession, signature: Signature) -> None:
        self._session = session
        self._features = signature.features
        self._targets = signature.targets
        self._inputs = [(one.name, one.type) for one in session.get_inputs()]
        self._outputs = [one.name for one in session.get_outputs()]

    def predict(self, columns: Columns, *, probabilities: bool = False) -> Prediction:
        """Predict one label per target and row of the columns, each an array of shape (n,)."""
        arrays = list(expand(columns, self._features).values())
        outputs = self._outputs[: 1 + probabilities]
        labels, *shares = self._session.run(outputs, self._feeds(arrays))
        by_target = np.reshape(labels, (len(arrays[0]), -1)).T
        return Prediction(
            [_as_trained(values, target) for values, target in zip(by_target, self._targets, strict=True)],
            _by_target(shares[0], self._targets) if probabilities else None,
        )

    def _feeds(self, arrays: list[Array]) -> dict[str, Array]:
        if len(self._inputs) > 1 or len(arrays) == 1:
            pairs = zip(self._inputs, arrays, strict=True)
            return {name: _cells(array, kind).reshape(-1, 1) for (name, kind), array in pairs}
        ((name, kind),) = self._inputs
        return {name: np.column_stack([_cells(array, kind) for array in arrays])}


def load(content: bytes, signature: Signature) -> OnnxEngine:
    """Read the graph. Raises EngineError."""
    options = onnxruntime.SessionOptions()
    # A process serves one request at a time and there is one for each core: more threads would only wait.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a dozen kinds, below no common one.
        raise EngineError(f"ONNX Runtime cannot run it: {error}".splitlines()[0]) from error
    return OnnxEngine(session, signature)


def _cells(values: Array, kind: str) -> Array:
    if kind == "tensor(string)":
        return np.array([MISSING if value is None else value for value in values], dtype=object)
    return values.astype("float64").astype(DTYPES[kind])  # True, False and None become 1, 0 and NaN.


def _as_trained(labels: Array, target: Target) -> Array:
    """Turn the whole numbers by which a graph names booleans and floats into these again."""
    if target.classes and target.type in ("boolean", "number"):
        known = {int(label): label for label in target.classes}
        return np.array([known[label] for label in labels.tolist()])
    return labels


def _by_target(shares: Any, targets: list[Target]) -> list[Array]:
    """Give probabilities the shape (n, n_classes) each: they come as one array, as one a target, or as objects."""
    if isinstance(shares, list) and isinstance(shares[0], dict):
        shares = np.array([[row[label] for label in targets[0].classes or []] for row in shares])
    return [np.asarray(one, dtype=np.float64) for one in (shares if isinstance(shares, list) else [shares])]
