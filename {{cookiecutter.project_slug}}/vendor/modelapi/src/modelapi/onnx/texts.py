"""Vectorizers of text: the engine counts words, the graph begins with the counts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer

from modelapi.engines.counts import Words
from modelapi.onnx.registry import NoConverterError, op

COUNT = "Count"  # A node that stands for what the engine does, until split_texts takes it out.
DOMAIN = "modelapi"


def split_texts(graph: onnx.GraphProto) -> dict[str, tuple[str, dict[str, Any]]]:
    """Let a graph begin with the counts of words; return by input the text it counts, and how."""
    inputs = {one.name for one in graph.input}
    copies = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}
    counted = {}
    for node in [node for node in graph.node if node.domain == DOMAIN]:
        (text,), (counts,) = node.input, node.output
        while text in copies:
            text = copies[text]
        if text not in inputs:
            raise NoConverterError("a vectorizer of what another step makes")
        words = json.loads(node.attribute[0].s)
        counted[counts] = (text, words)
        graph.node.remove(node)
        shape = [None, len(words["vocabulary"])]
        graph.input.append(helper.make_tensor_value_info(counts, TensorProto.DOUBLE, shape))
    used = {name for node in graph.node for name in node.input}
    for one in [one for one in graph.input if one.name in {text for text, _ in counted.values()} - used]:
        graph.input.remove(one)
    return counted


def _words(vectorizer: Any) -> Words:
    functions = (vectorizer.preprocessor, vectorizer.tokenizer)
    if any(function is not None for function in functions) or callable(vectorizer.analyzer):
        raise NoConverterError("functions of your own in a vectorizer")
    if callable(vectorizer.strip_accents) or vectorizer.input != "content":
        raise NoConverterError("a vectorizer of files, or with a function that strips accents")
    return Words(
        vocabulary=sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get),
        analyzer=vectorizer.analyzer,
        lowercase=vectorizer.lowercase,
        strip_accents=vectorizer.strip_accents,
        token_pattern=vectorizer.token_pattern or "",
        stop_words=sorted(vectorizer.get_stop_words() or []),
        ngram_range=vectorizer.ngram_range,
        binary=vectorizer.binary,
    )


def _count(vectorizer: Any, operator: Any, scope: Any, container: Any) -> Any:
    counts = scope.declare_local_variable("counts", DoubleTensorType([None, len(vectorizer.vocabulary_)]))
    container.add_node(
        COUNT,
        [operator.inputs[0].full_name],
        [counts.full_name],
        op_domain=DOMAIN,
        op_version=1,
        name=scope.get_unique_operator_name(COUNT),
        words=json.dumps(_words(vectorizer)._asdict()),
    )
    return counts


def _weigh(transformer: Any, counts: Any) -> Any:
    """Turn counts into tf-idf, as TfidfTransformer does."""
    if transformer.sublinear_tf:
        logarithm = op("Add", op("Log", op("Max", counts, np.array([1.0]))), np.array([1.0]))
        counts = op("Where", op("Greater", counts, np.array([0.0])), logarithm, np.array([0.0]))
    if transformer.use_idf:
        counts = op("Mul", counts, np.asarray(transformer.idf_, dtype=np.float64))
    if transformer.norm:
        size = op({"l1": "ReduceL1", "l2": "ReduceL2"}[transformer.norm], counts, np.array([1]), keepdims=1)
        counts = op("Div", counts, op("Where", op("Equal", size, np.array([0.0])), np.array([1.0]), size))
    return counts


def _register(cls: type, *, counts: bool, weighs: bool) -> None:
    def shape(operator: Any) -> None:
        fitted = operator.raw_operator
        operator.outputs[0].type = DoubleTensorType(
            [None, len(fitted.vocabulary_) if counts else fitted.n_features_in_]
        )

    def convert(scope: Any, operator: Any, container: Any) -> None:
        fitted = operator.raw_operator
        values = _count(fitted, operator, scope, container) if counts else operator.inputs[0]
        values = _weigh(fitted, values) if weighs else values
        op("Identity", values, output_names=operator.outputs).add_to(scope, container)

    update_registered_converter(cls, sklearn_operator_name_map[cls], shape, convert)


_register(CountVectorizer, counts=True, weighs=False)
_register(TfidfVectorizer, counts=True, weighs=True)
_register(TfidfTransformer, counts=False, weighs=True)
