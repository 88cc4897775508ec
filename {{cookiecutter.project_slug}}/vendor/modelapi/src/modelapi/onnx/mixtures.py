"""Mixtures of Gaussians: the component of a row, how probable each is, and how likely the row itself is."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from modelapi.onnx.registry import argmax, op


def _shape(operator: Any) -> None:
    scores = [DoubleTensorType([None, 1])]
    kinds = [Int64TensorType([None]), DoubleTensorType([None, operator.raw_operator.n_components]), *scores]
    for output, kind in zip(operator.outputs, kinds, strict=False):
        output.type = kind


def _convert(scope: Any, operator: Any, container: Any) -> None:
    model, (x,) = operator.raw_operator, operator.inputs
    logs = op("Concat", *_log_densities(model, x), axis=1)
    highest = op("ReduceMax", logs, np.array([1]), keepdims=1)
    total = op("ReduceSum", op("Exp", op("Sub", logs, highest)), np.array([1]), keepdims=1)
    answers = argmax(logs), op("Softmax", logs, axis=1), op("Add", op("Log", total), highest)
    for place, output in enumerate(operator.outputs):
        op("Identity", answers[place], output_names=[output]).add_to(scope, container)


def _log_densities(model: Any, x: Any) -> list[Any]:
    """Make the logarithm of the weighted density of each component, of shape (n_samples, 1) each.

    It is that at the component's mean, less half the squared distance to it.
    """
    at_mean = np.diag(model._estimate_log_prob(model.means_) + model._estimate_log_weights())
    densities = []
    for mean, scale, peak in zip(model.means_, _scales(model), at_mean, strict=True):
        away = op("MatMul", op("Sub", x, mean), scale)
        distance = op("ReduceSum", op("Mul", away, away), np.array([1]), keepdims=1)
        densities.append(op("Add", op("Mul", distance, np.array([-0.5])), np.array([peak])))
    return densities


def _scales(model: Any) -> list[Any]:
    """Return for each component the matrix that makes it a standard one, of shape (n_features, n_features)."""
    n_features, precisions = model.means_.shape[1], model.precisions_cholesky_
    if model.covariance_type == "full":
        return list(precisions)
    if model.covariance_type == "tied":
        return [precisions] * model.n_components
    return [np.eye(n_features) * precision for precision in precisions]


for _cls in (GaussianMixture, BayesianGaussianMixture):
    update_registered_converter(
        _cls, f"Mended{_cls.__name__}", _shape, _convert, options={"score_samples": [True, False]}
    )
