"""An ONNX graph as JSON, which scripts/graph.js runs."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from modelapi.engines import EngineError
from modelapi.engines.onnx_engine import WORDS, columns_of_inputs
from modelapi.signature import Signature

PLAIN_WORDS = r"(?u)\b\w\w+\b"  # What words are, unless a vectorizer is told otherwise.


def describe(content: bytes, signature: Signature) -> dict[str, Any]:
    """Write what the graph takes, calculates and answers. Raises EngineError."""
    model = onnx.load_model_from_string(content)
    metadata = {one.key: one.value for one in model.metadata_props}
    graph = model.graph
    places = columns_of_inputs([one.name for one in graph.input], metadata, signature.features)
    words = json.loads(metadata.get(WORDS, "{}"))
    for how in words.values():
        if how["token_pattern"] != PLAIN_WORDS or how["strip_accents"] == "unicode":
            raise EngineError("it counts words in a way of its own, by token_pattern or strip_accents")
    labels, *others = [one.name for one in graph.output]
    return {
        "inputs": [
            {"name": one.name, "kind": one.type.tensor_type.elem_type, "columns": places[one.name]}
            for one in graph.input
        ],
        "words": words,
        "outputs": {
            "labels": labels,
            "shares": others.pop(0) if signature.probabilities else None,
            "scores": others.pop(0) if signature.scores is not None else None,
        },
        "constants": {one.name: _tensor(one) for one in graph.initializer},
        "nodes": [_node(node) for node in graph.node],
    }


def _node(node: onnx.NodeProto) -> dict[str, Any]:
    return {
        "operator": node.op_type,
        "inputs": list(node.input),
        "outputs": list(node.output),
        "attributes": {one.name: _value(helper.get_attribute_value(one)) for one in node.attribute},
    }


def _value(value: Any) -> Any:
    if isinstance(value, onnx.TensorProto):
        return _tensor(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.GraphProto):
        raise EngineError("it has graphs within the graph")
    return value if isinstance(value, int | float) else [_value(one) for one in value]


def _tensor(tensor: onnx.TensorProto) -> dict[str, Any]:
    """Write numbers with a fraction as base64 of their bytes, the least first, and others as a list."""
    array = numpy_helper.to_array(tensor)
    data: Any = array.ravel().tolist()
    if array.dtype.kind == "f":
        data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
    elif array.dtype.kind in "OSU":
        data = [text.decode() if isinstance(text, bytes) else str(text) for text in data]
    elif array.dtype.kind in "iu" and array.size and np.abs(array).max() > 2**53:
        raise EngineError("it calculates with whole numbers that scripts cannot hold")
    return {"kind": tensor.data_type, "shape": list(array.shape), "data": data}
