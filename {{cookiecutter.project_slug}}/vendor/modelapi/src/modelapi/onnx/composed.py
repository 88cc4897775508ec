"""Estimators that are made of others: votes, chains, one against another, thresholds and transformed targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn import compose, ensemble, model_selection, multiclass, multioutput, preprocessing, semi_supervised
from sklearn.base import is_regressor

from modelapi.onnx.registry import (
    LABEL_OPTIONS,
    NoConverterError,
    argmax,
    classifiers,
    existing,
    hits,
    inner,
    of_pairs,
    of_two,
    op,
    regressors,
    repeat,
    shares_of_two,
)
from modelapi.onnx.transformers import UFUNCS

SCALERS = (
    preprocessing.MaxAbsScaler,
    preprocessing.MinMaxScaler,
    preprocessing.RobustScaler,
    preprocessing.StandardScaler,
)
FAR = 2.0**40  # Where what a scaler adds does not round what it multiplies by.


@classifiers(*existing(model_selection, "FixedThresholdClassifier", "TunedThresholdClassifierCV"))
def _threshold(model: Any, *x: Any) -> Any:
    threshold = getattr(model, "best_threshold_", getattr(model, "threshold", "auto"))
    if model.response_method == "decision_function" or getattr(model, "pos_label", None) is not None:
        raise NoConverterError("a response_method or pos_label")
    shares = op("Identity", inner(model.estimator_, *x)[1])
    second = op("Gather", shares, np.array([1]), axis=1)
    return of_two(second, "GreaterOrEqual", 0.5 if threshold == "auto" else float(threshold)), shares


@regressors(compose.TransformedTargetRegressor)
def _transformed_target(model: Any, *x: Any) -> Any:
    values, transformer = op("Identity", inner(model.regressor_, *x)), model.transformer_
    if isinstance(transformer, SCALERS):
        zeros = np.zeros((1, transformer.n_features_in_))
        shift = transformer.inverse_transform(zeros)
        slope = (transformer.inverse_transform(zeros + FAR) - shift) / FAR
        return op("Add", op("Mul", values, slope), shift)
    inverse = getattr(transformer, "inverse_func", "")
    if inverse is None:
        return values
    if inverse not in UFUNCS:
        raise NoConverterError(f"a target transformed by {type(transformer).__name__}")
    return UFUNCS[inverse](values)


@classifiers(ensemble.VotingClassifier)
def _voting(model: Any, *x: Any) -> Any:
    weights = np.ones(len(model.estimators_)) if model.weights is None else np.array(model._weights_not_none)
    if model.voting == "hard":
        labels = [op("Identity", inner(member, *x)[0]) for member in model.estimators_]  # Places in classes_.
        votes = [
            op("Mul", hits(one, len(model.classes_)), np.array([weight]))
            for one, weight in zip(labels, weights, strict=True)
        ]
        return argmax(op("Sum", *votes)), None
    shares = [op("Identity", inner(member, *x)[1]) for member in model.estimators_]
    weighted = [op("Mul", one, np.array([weight])) for one, weight in zip(shares, weights / weights.sum(), strict=True)]
    mean = op("Sum", *weighted)
    return argmax(mean), mean


@classifiers(ensemble.AdaBoostClassifier)
def _ada_boost(model: Any, x: Any) -> Any:
    n_classes, weights = len(model.classes_), model.estimator_weights_[: len(model.estimators_)]
    votes = [hits(argmax(op("Identity", inner(member, x)[1])), n_classes) for member in model.estimators_]
    weighted = [op("Mul", one, np.array([weight])) for one, weight in zip(votes, weights / weights.sum(), strict=True)]
    # A vote counts 1 for its class, and -1 / (n_classes - 1) for each other.
    slope, shift = np.array([n_classes / (n_classes - 1)]), np.array([1 / (n_classes - 1)])
    scores = op("Sub", op("Mul", op("Sum", *weighted), slope), shift)
    if n_classes == 2:
        score = op("Mul", op("Gather", scores, np.array([1]), axis=1), np.array([2.0]))
        return of_two(score), shares_of_two(op("Sigmoid", score)), score
    return argmax(scores), op("Softmax", op("Mul", scores, shift), axis=1), scores


@classifiers(semi_supervised.SelfTrainingClassifier)
def _self_training(model: Any, *x: Any) -> Any:
    shares = op("Identity", inner(model.estimator_, *x)[1])
    return argmax(shares), shares


def _column(values: Any) -> Any:
    """Give labels or values of shape (n_samples,) the shape (n_samples, 1)."""
    return op("Cast", op("Reshape", values, np.array([-1, 1])), to=TensorProto.DOUBLE)


def _margin(member: Any, *x: Any) -> Any:
    """Ask one of two classes for its decision function, or the probability of the second."""
    if is_regressor(member):
        return _column(op("Identity", inner(member, *x)))
    if isinstance(member, multiclass._ConstantPredictor):  # Of a part that has a single class.
        return repeat(x[0], np.array([member.y_[:1]], dtype=np.float64))
    options = {"raw_scores": True} if hasattr(member, "decision_function") else None
    return op("Gather", op("Identity", inner(member, *x, options=options)[1]), np.array([1]), axis=1)


@classifiers(multiclass.OneVsOneClassifier)
def _one_vs_one(model: Any, *x: Any) -> Any:
    if model.pairwise_indices_ is not None:
        raise NoConverterError("kernels")
    votes = op("Concat", *[_column(op("Identity", inner(member, *x)[0])) for member in model.estimators_], axis=1)
    margins = op("Concat", *[_margin(member, *x) for member in model.estimators_], axis=1)
    _, scores = of_pairs(votes, margins, len(model.classes_))
    if len(model.classes_) > 2:
        return argmax(scores), None, scores
    score = op("Gather", scores, np.array([1]), axis=1)
    threshold = 0.0 if hasattr(model.estimators_[0], "decision_function") else 0.5
    return of_two(score, threshold=threshold), None, score


@classifiers(multiclass.OutputCodeClassifier)
def _output_code(model: Any, *x: Any) -> Any:
    """Find the class whose code is the nearest to what the members say."""
    code = op("Concat", *[_margin(member, *x) for member in model.estimators_], axis=1)
    book = model.code_book_.astype(np.float64)
    return argmax(op("Sub", op("MatMul", code, 2.0 * book.T), (book**2).sum(axis=1))), None


def _chain(model: Any, x: Any) -> Iterator[Any]:
    """Ask each member, in the order of the chain, for rows with the answers of those before it."""
    for member in model.estimators_:
        answers = inner(member, x)
        yield answers
        labels = op("Identity", answers if is_regressor(member) else answers[0])
        x = op("Concat", x, _column(labels), axis=1)


def _in_order(model: Any, columns: list[Any]) -> Any:
    return op("Concat", *[columns[place] for place in np.argsort(model.order_)], axis=1)


@regressors(multioutput.RegressorChain)
def _regressor_chain(model: Any, x: Any) -> Any:
    return _in_order(model, [_column(op("Identity", answers)) for answers in _chain(model, x)])


def _shape_of_chain(operator: Any) -> None:
    n_targets = len(operator.raw_operator.estimators_)
    operator.outputs[0].type = Int64TensorType([None, n_targets])
    operator.outputs[1].type = DoubleTensorType([None, n_targets])


def _classifier_chain(scope: Any, operator: Any, container: Any) -> None:
    """Answer the label of each target, and how likely it is to be 1."""
    model = operator.raw_operator
    if model.chain_method_ != "predict" or any(list(labels) != [0, 1] for labels in model.classes_):
        raise NoConverterError("a chain of other things than labels 0 and 1")
    answers = list(_chain(model, operator.inputs[0]))
    labels = op("Cast", _in_order(model, [_column(op("Identity", one[0])) for one in answers]), to=TensorProto.INT64)
    second = [op("Gather", op("Identity", one[1]), np.array([1]), axis=1) for one in answers]
    op("Identity", labels, output_names=operator.outputs[:1]).add_to(scope, container)
    op("Identity", _in_order(model, second), output_names=operator.outputs[1:]).add_to(scope, container)


update_registered_converter(
    multioutput.ClassifierChain, "MendedClassifierChain", _shape_of_chain, _classifier_chain, options=LABEL_OPTIONS
)
