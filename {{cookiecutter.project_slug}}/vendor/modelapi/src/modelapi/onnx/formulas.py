"""Converters that skl2onnx lacks, and own ones where its answers are not scikit-learn's; all in float64."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import (
    covariance,
    cross_decomposition,
    discriminant_analysis,
    dummy,
    kernel_ridge,
    linear_model,
    neighbors,
    semi_supervised,
    svm,
)

from modelapi.onnx.registry import (
    NoConverterError,
    argmax,
    classifiers,
    detectors,
    linear,
    of_pairs,
    of_two,
    op,
    regressors,
    repeat,
)


@classifiers(linear_model.RidgeClassifier, linear_model.RidgeClassifierCV, svm.LinearSVC)
def _linear_classifier(model: Any, x: Any) -> Any:
    scores = linear(x, model.coef_, model.intercept_)
    return of_two(scores) if len(model.classes_) == 2 else argmax(scores), None, scores


@classifiers(
    discriminant_analysis.LinearDiscriminantAnalysis,
    linear_model.LogisticRegression,
    linear_model.LogisticRegressionCV,
)
def _logistic(model: Any, x: Any) -> Any:
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # As if the first class had a score too, which is always 0.
        coefficients, intercept = np.vstack([np.zeros_like(coefficients), coefficients]), np.append(0.0, intercept)
    scores = linear(x, coefficients, intercept)
    one_vs_rest = getattr(model, "multi_class", "") == "ovr" or getattr(model, "solver", "") == "liblinear"
    if one_vs_rest and len(model.classes_) > 2:  # Before scikit-learn 1.8.
        shares = op("Sigmoid", scores)
        return argmax(scores), op("Div", shares, op("ReduceSum", shares, np.array([1]), keepdims=1)), scores
    raw = op("Gather", scores, np.array([1]), axis=1) if len(model.classes_) == 2 else scores
    return argmax(scores), op("Softmax", scores, axis=1), raw


@regressors(cross_decomposition.CCA, cross_decomposition.PLSCanonical)
def _cross_decomposition(model: Any, x: Any) -> Any:
    return linear(x, model.coef_, model.intercept_ - model.coef_ @ model._x_mean)


@classifiers(neighbors.NearestCentroid)
def _nearest_centroid(model: Any, x: Any) -> Any:
    centroids, deviations = model.centroids_, model.within_class_std_dev_
    if model.metric != "euclidean" or np.ptp(model.class_prior_):
        raise NoConverterError("another metric or priors")
    scaled = centroids / np.where(deviations == 0, 1, deviations) ** 2
    nearest = linear(x, 2 * centroids, -(centroids**2).sum(axis=1))
    return argmax(nearest), op("Softmax", linear(x, 2 * scaled, -(scaled * centroids).sum(axis=1)), axis=1)


@classifiers(dummy.DummyClassifier)
def _dummy_classifier(model: Any, x: Any) -> Any:
    if model.strategy in ("stratified", "uniform"):
        raise NoConverterError("answers at random")
    shares = repeat(x, model.predict_proba(np.zeros((1, 1))))
    return argmax(shares), shares


@regressors(dummy.DummyRegressor)
def _dummy_regressor(model: Any, x: Any) -> Any:
    return repeat(x, model.constant_.reshape(1, -1))


def _squared_distances(x: Any, rows: Any) -> Any:
    """Make the squared distances of x to rows, of shape (n_samples, len(rows))."""
    lengths = op("ReduceSum", op("Mul", x, x), np.array([1]), keepdims=1)
    twice = op("MatMul", x, 2.0 * rows.T)
    return op("Add", op("Sub", lengths, twice), (rows**2).sum(axis=1))


def _kernel(model: Any, x: Any, rows: Any, gamma: float) -> Any:
    """Make the kernel of x with rows, of shape (n_samples, len(rows))."""
    rows = np.asarray(rows, dtype=np.float64)
    if model.kernel in ("linear", "poly", "polynomial", "sigmoid"):
        product = op("MatMul", x, rows.T.copy())
        if model.kernel == "linear":
            return product
        shifted = op("Add", op("Mul", product, np.array([float(gamma)])), np.array([float(model.coef0)]))
        return op("Tanh", shifted) if model.kernel == "sigmoid" else op("Pow", shifted, np.array([float(model.degree)]))
    if model.kernel != "rbf":
        raise NoConverterError(f"the kernel {model.kernel}")
    return op("Exp", op("Mul", _squared_distances(x, rows), np.array([-float(gamma)])))


@classifiers(svm.SVC, svm.NuSVC, only=lambda model: not hasattr(model, "predict_proba"))
def _support_vector_classifier(model: Any, x: Any) -> Any:
    """Ask each pair of classes; skl2onnx does so in float32, and has the probabilities."""
    kernel = _kernel(model, x, model.support_vectors_, model._gamma)
    n_classes = len(model.classes_)
    if n_classes == 2:
        score = linear(kernel, model.dual_coef_, model.intercept_)
        return of_two(score), None, score
    owner = np.repeat(np.arange(n_classes), model.n_support_)
    pairs = combinations(range(n_classes), 2)
    # What a vector is worth against each other class; its own is left out of these.
    coefficients = [
        np.where(owner == one, model.dual_coef_[other - 1], np.where(owner == other, model.dual_coef_[one], 0.0))
        for one, other in pairs
    ]
    sums = linear(kernel, np.array(coefficients), model.intercept_)
    votes = op("Cast", op("LessOrEqual", sums, np.array([0.0])), to=TensorProto.DOUBLE)
    counts, scores = of_pairs(votes, op("Neg", sums), n_classes)
    ties_are_broken = model.break_ties and model.decision_function_shape == "ovr"
    return (
        argmax(scores if ties_are_broken else counts),
        None,
        sums if model.decision_function_shape == "ovo" else scores,
    )


@regressors(svm.SVR, svm.NuSVR)
def _support_vectors(model: Any, x: Any) -> Any:
    return linear(_kernel(model, x, model.support_vectors_, model._gamma), model.dual_coef_, model.intercept_)


@detectors(svm.OneClassSVM, comparison="Greater")
def _one_class(model: Any, x: Any) -> Any:
    return linear(_kernel(model, x, model.support_vectors_, model._gamma), model.dual_coef_, model.intercept_)


@detectors(linear_model.SGDOneClassSVM)
def _linear_one_class(model: Any, x: Any) -> Any:
    return linear(x, model.coef_, -model.offset_)


@detectors(covariance.EllipticEnvelope)
def _elliptic_envelope(model: Any, x: Any) -> Any:
    centred = op("Sub", x, model.location_)
    products = op("Mul", op("MatMul", centred, model.get_precision()), centred)
    distances = op("ReduceSum", products, np.array([1]), keepdims=1)
    return op("Sub", op("Neg", distances), np.array([model.offset_]))


@regressors(kernel_ridge.KernelRidge)
def _kernel_ridge(model: Any, x: Any) -> Any:
    gamma = 1 / model.n_features_in_ if model.gamma is None else model.gamma
    return linear(_kernel(model, x, model.X_fit_, gamma), model.dual_coef_.T, 0.0)


@classifiers(semi_supervised.LabelPropagation, semi_supervised.LabelSpreading)
def _label_propagation(model: Any, x: Any) -> Any:
    weights = op("MatMul", _kernel(model, x, model.X_, model.gamma), model.label_distributions_)
    shares = op("Div", weights, op("ReduceSum", weights, np.array([1]), keepdims=1))
    return argmax(shares), shares


def _within(model: Any, x: Any) -> Any:
    """Mark the rows of training within the radius of each row, of shape (n_samples, n_trained)."""
    if model.effective_metric_ != "euclidean" or model.weights not in (None, "uniform"):
        raise NoConverterError("another metric or weights")
    distances = _squared_distances(x, model._fit_X)
    return op("Cast", op("LessOrEqual", distances, np.array([model.radius**2])), to=TensorProto.DOUBLE)


@regressors(neighbors.RadiusNeighborsRegressor)
def _radius_values(model: Any, x: Any) -> Any:
    near = _within(model, x)
    values = np.reshape(model._y, (len(model._fit_X), -1)).astype(np.float64)
    return op("Div", op("MatMul", near, values), op("ReduceSum", near, np.array([1]), keepdims=1))


@classifiers(neighbors.RadiusNeighborsClassifier)
def _radius_shares(model: Any, x: Any) -> Any:
    if model.outlier_label_ is None or isinstance(model.classes_, list):
        raise NoConverterError("rows without neighbours, or several targets")
    votes = op("MatMul", _within(model, x), np.eye(len(model.classes_))[model._y])
    count = op("ReduceSum", votes, np.array([1]), keepdims=1)
    alone = (model.classes_ == model.outlier_label_[0]).astype(np.float64).reshape(1, -1)
    shares = op("Where", op("Equal", count, np.array([0.0])), alone, op("Div", votes, count))
    return argmax(shares), shares
