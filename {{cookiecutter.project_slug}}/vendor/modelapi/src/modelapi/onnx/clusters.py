"""Clusters that skl2onnx lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn import cluster

from modelapi.onnx.registry import argmax, linear, op


def _shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(operator.raw_operator.subcluster_centers_)])


def _birch(scope: Any, operator: Any, container: Any) -> None:
    model, (x,) = operator.raw_operator, operator.inputs
    centres = model.subcluster_centers_
    nearness = linear(x, 2 * centres, -(centres**2).sum(axis=1))
    labels = op("Gather", model.subcluster_labels_.astype(np.int64), argmax(nearness))
    op("Identity", labels, output_names=operator.outputs[:1]).add_to(scope, container)
    op("Identity", nearness, output_names=operator.outputs[1:]).add_to(scope, container)


update_registered_converter(cluster.Birch, "OwnBirch", _shape, _birch)
