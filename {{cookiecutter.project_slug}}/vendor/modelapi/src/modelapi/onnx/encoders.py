"""Imputers and encoders that take a missing value as scikit-learn does, of text and of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn import preprocessing
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from modelapi.engines.onnx_engine import MISSING
from modelapi.onnx.registry import NoConverterError, existing, op


def _columns(operator: Any) -> Iterator[tuple[Any, bool]]:
    """Split the inputs into single columns, and tell of each whether it is text."""
    for x in operator.inputs:
        is_text, width = isinstance(x.type, StringTensorType), x.type.shape[1]
        for place in range(width):
            yield (op("Gather", x, np.array([place]), axis=1) if width > 1 else x), is_text


def _cells(values: Any, is_text: bool) -> Any:
    """Write values as a graph holds them."""
    if is_text:
        return np.array([MISSING if pd.isna(value) else str(value) for value in values])
    return np.array([np.nan if pd.isna(value) else float(value) for value in values])


def _equals(column: Any, values: Any, is_text: bool) -> Any:
    """Compare a column with values, into a column of booleans for each; what is missing equals what is missing."""
    cells = _cells(values, is_text)
    hits = op("Equal", column, cells)
    if not is_text and np.isnan(cells).any():
        hits = op("Or", hits, op("And", op("IsNaN", column), np.isnan(cells)))
    return hits


def _numbers(values: Any) -> Any:
    return op("Cast", values, to=TensorProto.DOUBLE)


def _join(parts: list[Any]) -> Any:
    return op("Concat", *parts, axis=1) if len(parts) > 1 else op("Identity", *parts)


def _impute(imputer: Any, operator: Any) -> Any:
    if imputer.add_indicator or not pd.isna(imputer.missing_values):
        raise NoConverterError("SimpleImputer with an indicator, or missing_values other than nan")
    filled, first = [], 0
    for x in operator.inputs:
        is_text, width = isinstance(x.type, StringTensorType), x.type.shape[1]
        gaps = op("Equal", x, _cells([np.nan], is_text)) if is_text else op("IsNaN", x)
        filled.append(op("Where", gaps, _cells(imputer.statistics_[first : first + width], is_text), x))
        first += width
    return _join(filled)


def _one_hot(encoder: Any, operator: Any) -> Any:
    """An unknown category is 0 everywhere, or the infrequent one."""
    parts = []
    for place, (column, is_text) in enumerate(_columns(operator)):
        categories = encoder.categories_[place]
        rare = encoder.infrequent_categories_[place] if hasattr(encoder, "infrequent_categories_") else None
        frequent = categories if rare is None else categories[~pd.Series(categories).isin(rare).to_numpy()]
        hot = _equals(column, frequent, is_text)
        if rare is not None:
            others = rare if encoder.handle_unknown == "ignore" else frequent
            count = op("ReduceSum", _numbers(_equals(column, others, is_text)), np.array([1]), keepdims=1)
            found = op("Cast", count, to=TensorProto.BOOL)
            hot = op("Concat", hot, found if others is rare else op("Not", found), axis=1)
        dropped = encoder.drop_idx_[place] if encoder.drop_idx_ is not None else None
        if dropped is not None:
            if rare is not None:
                raise NoConverterError("OneHotEncoder with drop and infrequent categories")
            hot = op("Gather", hot, np.delete(np.arange(len(categories)), dropped), axis=1)
        parts.append(hot)
    return _numbers(_join(parts))


def _ordinal(encoder: Any, operator: Any) -> Any:
    if getattr(encoder, "infrequent_categories_", None):
        raise NoConverterError("OrdinalEncoder with infrequent categories")
    unknown = np.nan if encoder.unknown_value is None else float(encoder.unknown_value)
    parts = []
    for (column, is_text), categories in zip(_columns(operator), encoder.categories_, strict=True):
        codes = np.arange(len(categories), dtype=np.float64)
        if categories[-1] is not None and pd.isna(categories[-1]):  # None has a code like any other.
            codes[-1] = encoder.encoded_missing_value
        hits = op("Where", _equals(column, categories, is_text), codes, np.array([np.inf]))
        code = op("ReduceMin", hits, np.array([1]), keepdims=1)
        parts.append(op("Where", op("IsInf", code), np.array([unknown]), code))
    return _join(parts)


def _target(encoder: Any, operator: Any) -> Any:
    """Write the mean of the target for each category, of each class if there are several; for others that of all."""
    n_classes = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
    means = np.broadcast_to(encoder.target_mean_, n_classes)
    parts = []
    for place, (column, is_text) in enumerate(_columns(operator)):
        hits = _numbers(_equals(column, encoder.categories_[place], is_text))
        known = op("ReduceSum", hits, np.array([1]), keepdims=1)
        encodings = np.array(encoder.encodings_[place * n_classes : (place + 1) * n_classes])
        others = op("MatMul", op("Sub", np.array([1.0]), known), means.reshape(1, -1).astype(float))
        parts.append(op("Add", op("MatMul", hits, encodings.T), others))
    return _join(parts)


def _register(cls: type, build: Callable[[Any, Any], Any], keeps_text: bool = False) -> None:
    def shape(operator: Any) -> None:
        kind = type(operator.inputs[0].type) if keeps_text else DoubleTensorType
        operator.outputs[0].type = kind([None, len(operator.raw_operator.get_feature_names_out())])

    def convert(scope: Any, operator: Any, container: Any) -> None:
        columns = build(operator.raw_operator, operator)
        op("Identity", columns, output_names=operator.outputs).add_to(scope, container)

    # By its own name for a class skl2onnx knows how to give it its columns.
    update_registered_converter(cls, sklearn_operator_name_map[cls], shape, convert)


_register(SimpleImputer, _impute, keeps_text=True)
_register(OneHotEncoder, _one_hot)
_register(OrdinalEncoder, _ordinal)
for _cls in existing(preprocessing, "TargetEncoder"):
    _register(_cls, _target)
