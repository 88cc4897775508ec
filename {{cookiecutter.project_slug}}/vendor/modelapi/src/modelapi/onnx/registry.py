"""How converters are registered with skl2onnx, and the parts that several of them are made of.

A converter is a function of a fitted estimator and its input in the graph. It returns what the estimator answers: a
regressor the values, a classifier the places of the labels in `classes_` and the probabilities, a detector of outliers
the scores.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.algebra import onnx_ops
from skl2onnx.algebra.onnx_operator import OnnxSubEstimator
from skl2onnx.common._registration import get_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType

OPSETS = {"": 21, "ai.onnx.ml": 3}
LABEL_OPTIONS = {name: [True, False] for name in ("zipmap", "nocl", "raw_scores", "output_class_labels")}

Build = Callable[..., Any]
Decorator = Callable[[Build], Build]


class NoConverterError(Exception):
    """A part of an estimator that no converter is for; the message names it."""


def existing(module: Any, *names: str) -> list[type]:
    """Find classes by name; an older scikit-learn, which a model may be packaged with, lacks some."""
    return [getattr(module, name) for name in names if hasattr(module, name)]


def op(kind: str, *inputs: Any, **attributes: Any) -> Any:
    """Make a node; arrays among its inputs are constants."""
    node = getattr(onnx_ops, f"Onnx{kind}")
    return node(*inputs, op_version=OPSETS[node.domain], **attributes)


def classifiers(
    *classes: type, prepare: Build | None = None, only: Callable[[Any], bool] = lambda _: True
) -> Decorator:
    """Register a converter of classifiers; `prepare` replaces the inputs by something else in the graph.

    only : tells which of them are for it; skl2onnx's own converts the others.
    It returns places and probabilities or None, and may add the scores of the decision function.
    """
    before = {cls: sklearn_operator_name_map.get(cls) for cls in classes}

    def register(build: Build) -> Build:
        def shape(operator: Any) -> None:
            labels = operator.raw_operator.classes_
            operator.outputs[0].type = (StringTensorType if labels.dtype.kind in "OU" else Int64TensorType)([None])
            operator.outputs[1].type = DoubleTensorType([None, len(labels)])

        def convert(scope: Any, operator: Any, container: Any) -> None:
            if not only(operator.raw_operator):
                get_converter(before[type(operator.raw_operator)])(scope, operator, container)
                return
            inputs = prepare(scope, operator, container) if prepare else operator.inputs
            places, shares, *scores = build(operator.raw_operator, *inputs)
            labels = operator.raw_operator.classes_
            if labels.dtype.kind not in "OU":
                labels = labels.astype(np.int64)
            if container.get_options(operator.raw_operator, {"raw_scores": False})["raw_scores"]:
                shares = op("Concat", op("Neg", scores[0]), scores[0], axis=1) if len(labels) == 2 else scores[0]
            elif shares is None:  # skl2onnx wants probabilities of all classifiers.
                shares = hits(places, len(labels))
            counted = np.array_equal(labels, np.arange(len(labels)))
            named = places if counted else op("Gather", labels, places)
            op("Identity", named, output_names=operator.outputs[:1]).add_to(scope, container)
            op("Identity", shares, output_names=operator.outputs[1:]).add_to(scope, container)

        for cls in classes:
            update_registered_converter(cls, f"Mended{cls.__name__}", shape, convert, options=LABEL_OPTIONS)
        return build

    return register


def regressors(*classes: type, prepare: Build | None = None) -> Decorator:
    """Register a converter of regressors, which answer values of shape (n_samples, n_outputs)."""

    def register(build: Build) -> Build:
        def shape(operator: Any) -> None:
            operator.outputs[0].type = DoubleTensorType([None, None])

        def convert(scope: Any, operator: Any, container: Any) -> None:
            inputs = prepare(scope, operator, container) if prepare else operator.inputs
            values = build(operator.raw_operator, *inputs)
            op("Identity", values, output_names=operator.outputs).add_to(scope, container)

        for cls in classes:
            update_registered_converter(cls, f"Mended{cls.__name__}", shape, convert)
        return build

    return register


def detectors(*classes: type, prepare: Build | None = None, comparison: str = "GreaterOrEqual") -> Decorator:
    """Register a converter of detectors of outliers, which answer scores of shape (n_samples, 1).

    comparison : of scores of inliers, whose label is 1, with 0.
    """

    def register(build: Build) -> Build:
        def shape(operator: Any) -> None:
            operator.outputs[0].type = Int64TensorType([None])
            operator.outputs[1].type = DoubleTensorType([None, 1])

        def convert(scope: Any, operator: Any, container: Any) -> None:
            inputs = prepare(scope, operator, container) if prepare else operator.inputs
            scores = build(operator.raw_operator, *inputs)
            labels = op("Gather", np.array([-1, 1]), of_two(scores, comparison))
            op("Identity", labels, output_names=operator.outputs[:1]).add_to(scope, container)
            op("Identity", scores, output_names=operator.outputs[1:]).add_to(scope, container)

        for cls in classes:
            # What skl2onnx asks of some.
            options = {"score_samples": [True, False]}
            update_registered_converter(cls, f"Mended{cls.__name__}", shape, convert, options=options)
        return build

    return register


def argmax(scores: Any) -> Any:
    """Find the place of the largest score of each row, of shape (n_samples,)."""
    return op("ArgMax", scores, axis=1, keepdims=0)


def of_two(score: Any, comparison: str = "Greater", threshold: float = 0.0) -> Any:
    """Find the place of the label of two classes by the score of the second, of shape (n_samples, 1)."""
    return op("Reshape", op("Cast", op(comparison, score, np.array([threshold])), to=TensorProto.INT64), np.array([-1]))


def shares_of_two(second: Any) -> Any:
    """Put the probability of the first of two classes beside that of the second."""
    return op("Concat", op("Sub", np.array([1.0]), second), second, axis=1)


def repeat(x: Any, row: Any) -> Any:
    """Repeat a row as often as x has rows."""
    n_samples = op("Slice", op("Shape", x), np.array([0]), np.array([1]))
    return op("Expand", row, op("Concat", n_samples, np.array([1]), axis=0))


def of_pairs(votes: Any, margins: Any, n_classes: int) -> tuple[Any, Any]:
    """Count the votes of each pair of classes, and add how sure they are, which decides between equals.

    votes, margins : of shape (n_samples, n_pairs), for the second class of each; the results: (n_samples, n_classes).
    """
    pairs = list(combinations(range(n_classes), 2))
    first, second = (np.eye(n_classes)[[pair[place] for pair in pairs]] for place in (0, 1))
    counts = op("Add", op("MatMul", votes, second), op("MatMul", op("Sub", np.array([1.0]), votes), first))
    sums = op("MatMul", margins, second - first)
    sureness = op("Div", sums, op("Mul", op("Add", op("Abs", sums), np.array([1.0])), np.array([3.0])))
    return counts, op("Add", counts, sureness)


def hits(places: Any, n_classes: int) -> Any:
    """Write places as rows with 1 there and 0 elsewhere."""
    column = op("Reshape", places, np.array([-1, 1]))
    return op("Cast", op("Equal", column, np.arange(n_classes)), to=TensorProto.DOUBLE)


def inner(model: Any, *x: Any, options: dict[str, bool] | None = None) -> Any:
    """Put an estimator inside of another one."""
    return OnnxSubEstimator(model, *x, op_version=OPSETS[""], options=options)


def linear(x: Any, coefficients: Any, intercept: Any) -> Any:
    """Multiply by coefficients of shape (n_outputs, n_features), and add the intercept."""
    weights = np.atleast_2d(coefficients).T.astype(np.float64)
    return op("Add", op("MatMul", x, weights), np.atleast_1d(intercept).astype(np.float64))
