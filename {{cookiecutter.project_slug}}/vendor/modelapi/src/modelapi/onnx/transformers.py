"""Transformers of numbers that skl2onnx lacks, or calculates in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn import decomposition, feature_selection, preprocessing

from modelapi.onnx.registry import NoConverterError, linear, op

ONE = np.array([1.0])
UFUNCS: dict[Any, Callable[[Any], Any]] = {
    np.abs: lambda x: op("Abs", x),
    np.ceil: lambda x: op("Ceil", x),
    np.cos: lambda x: op("Cos", x),
    np.exp: lambda x: op("Exp", x),
    np.expm1: lambda x: op("Sub", op("Exp", x), ONE),
    np.floor: lambda x: op("Floor", x),
    np.log: lambda x: op("Log", x),
    np.log10: lambda x: op("Div", op("Log", x), np.log([10.0])),
    np.log1p: lambda x: op("Log", op("Add", x, ONE)),
    np.log2: lambda x: op("Div", op("Log", x), np.log([2.0])),
    np.negative: lambda x: op("Neg", x),
    np.reciprocal: lambda x: op("Reciprocal", x),
    np.sign: lambda x: op("Sign", x),
    np.sin: lambda x: op("Sin", x),
    np.sqrt: lambda x: op("Sqrt", x),
    np.square: lambda x: op("Mul", x, x),
    np.tanh: lambda x: op("Tanh", x),
}


def _transformers(*classes: type) -> Callable[[Callable[[Any, Any], Any]], None]:
    """Register a converter, which is given the columns side by side."""

    def register(build: Callable[[Any, Any], Any]) -> None:
        def shape(operator: Any) -> None:
            # A function that changes nothing may be given text.
            kind = StringTensorType if isinstance(operator.inputs[0].type, StringTensorType) else DoubleTensorType
            try:
                width = len(operator.raw_operator.get_feature_names_out())
            except AttributeError:  # Of a function, which says no names; one of NumPy keeps the columns.
                width = sum(x.type.shape[1] for x in operator.inputs)
            operator.outputs[0].type = kind([None, width])

        def convert(scope: Any, operator: Any, container: Any) -> None:
            x = op("Concat", *operator.inputs, axis=1) if len(operator.inputs) > 1 else operator.inputs[0]
            columns = build(operator.raw_operator, x)
            op("Identity", columns, output_names=operator.outputs).add_to(scope, container)

        for cls in classes:
            name = sklearn_operator_name_map.get(cls, f"Own{cls.__name__}")
            update_registered_converter(cls, name, shape, convert)

    return register


@_transformers(feature_selection.SelectFromModel, feature_selection.SequentialFeatureSelector)
def _select(model: Any, x: Any) -> Any:
    return op("Gather", x, model.get_support(indices=True), axis=1)


@_transformers(preprocessing.FunctionTransformer)
def _function(model: Any, x: Any) -> Any:
    if model.func is None:
        return x
    if model.func not in UFUNCS or model.kw_args:
        raise NoConverterError(f"the function {getattr(model.func, '__name__', 'of yours')}")
    return UFUNCS[model.func](x)


@_transformers(preprocessing.PolynomialFeatures)
def _polynomial(model: Any, x: Any) -> Any:
    """Multiply columns, and as many ones as there are fewer."""
    one = model.n_features_in_
    columns = [np.repeat(np.arange(one), powers) for powers in model.powers_]
    places = np.array([np.pad(own, (0, model._max_degree - len(own)), constant_values=one) for own in columns])
    ones = op("Add", op("Mul", op("Gather", x, np.array([0]), axis=1), np.array([0.0])), ONE)
    padded = op("Concat", x, ones, axis=1)
    product = op("Gather", padded, places[:, 0], axis=1)
    for factors in places.T[1:]:
        product = op("Mul", product, op("Gather", padded, factors, axis=1))
    return product


def _power(x: Any, exponents: Any) -> Any:
    """Calculate (x ** exponent - 1) / exponent and, where that is 0, the logarithm."""
    given = np.where(exponents == 0, 1.0, exponents)
    powers = op("Div", op("Sub", op("Pow", x, given), ONE), given)
    return op("Where", exponents == 0, op("Log", x), powers)


@_transformers(preprocessing.PowerTransformer)
def _power_transform(model: Any, x: Any) -> Any:
    if model.method == "box-cox":
        values = _power(x, model.lambdas_)
    else:
        is_negative, zero = op("Less", x, np.array([0.0])), np.array([0.0])
        above = _power(op("Add", op("Where", is_negative, zero, x), ONE), model.lambdas_)
        below = op("Neg", _power(op("Sub", ONE, op("Where", is_negative, x, zero)), 2.0 - model.lambdas_))
        values = op("Where", is_negative, below, above)
    if not model.standardize:
        return values
    return op("Div", op("Sub", values, model._scaler.mean_), model._scaler.scale_)


@_transformers(preprocessing.KBinsDiscretizer)
def _bins(model: Any, x: Any) -> Any:
    parts = []
    for place, edges in enumerate(model.bin_edges_):
        column = op("Gather", x, np.array([place]), axis=1)
        # An inner edge belongs to the bin above it.
        over = op("Cast", op("GreaterOrEqual", column, edges[1:-1]), to=TensorProto.DOUBLE)
        number = (
            op("ReduceSum", over, np.array([1]), keepdims=1) if len(edges) > 2 else op("Mul", column, np.array([0.0]))
        )
        if model.encode == "ordinal":
            parts.append(number)
        else:
            hits = op("Equal", number, np.arange(len(edges) - 1, dtype=np.float64))
            parts.append(op("Cast", hits, to=TensorProto.DOUBLE))
    return op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


@_transformers(decomposition.FastICA)
def _independent(model: Any, x: Any) -> Any:
    centred = op("Sub", x, model.mean_) if model.whiten else x
    return linear(centred, model.components_, 0.0)


@_transformers(decomposition.FactorAnalysis)
def _factors(model: Any, x: Any) -> Any:
    weighted = model.components_ / model.noise_variance_
    cov = np.linalg.inv(np.eye(len(weighted)) + weighted @ model.components_.T)
    return linear(op("Sub", x, model.mean_), cov @ weighted, 0.0)
