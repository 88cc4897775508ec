"""Converters that skl2onnx lacks, and own ones where its answers are not scikit-learn's; all in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import (
    compose,
    covariance,
    cross_decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    kernel_ridge,
    linear_model,
    model_selection,
    neighbors,
    semi_supervised,
    svm,
)

from modelapi.onnx.registry import (
    argmax,
    classifiers,
    detectors,
    hits,
    inner,
    linear,
    of_two,
    op,
    regressors,
    shares_of_two,
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
    if getattr(model, "solver", "") == "liblinear" and len(model.classes_) > 2:
        raise NotImplementedError("one regression against the rest for each of several classes")
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # As if the first class had a score too, which is always 0.
        coefficients, intercept = np.vstack([np.zeros_like(coefficients), coefficients]), np.append(0.0, intercept)
    scores = linear(x, coefficients, intercept)
    raw = op("Gather", scores, np.array([1]), axis=1) if len(model.classes_) == 2 else scores
    return argmax(scores), op("Softmax", scores, axis=1), raw


@regressors(cross_decomposition.CCA, cross_decomposition.PLSCanonical)
def _cross_decomposition(model: Any, x: Any) -> Any:
    return linear(x, model.coef_, model.intercept_ - model.coef_ @ model._x_mean)


@classifiers(neighbors.NearestCentroid)
def _nearest_centroid(model: Any, x: Any) -> Any:
    centroids, deviations = model.centroids_, model.within_class_std_dev_
    if model.metric != "euclidean" or np.ptp(model.class_prior_):
        raise NotImplementedError("another metric or priors")
    scaled = centroids / np.where(deviations == 0, 1, deviations) ** 2
    nearest = linear(x, 2 * centroids, -(centroids**2).sum(axis=1))
    return argmax(nearest), op("Softmax", linear(x, 2 * scaled, -(scaled * centroids).sum(axis=1)), axis=1)


def _repeat(x: Any, row: Any) -> Any:
    """Repeat a row as often as x has rows."""
    n_samples = op("Slice", op("Shape", x), np.array([0]), np.array([1]))
    return op("Expand", row, op("Concat", n_samples, np.array([1]), axis=0))


@classifiers(dummy.DummyClassifier)
def _dummy_classifier(model: Any, x: Any) -> Any:
    if model.strategy in ("stratified", "uniform"):
        raise NotImplementedError("answers at random")
    shares = _repeat(x, model.predict_proba(np.zeros((1, 1))))
    return argmax(shares), shares


@regressors(dummy.DummyRegressor)
def _dummy_regressor(model: Any, x: Any) -> Any:
    return _repeat(x, model.constant_.reshape(1, -1))


@classifiers(model_selection.FixedThresholdClassifier, model_selection.TunedThresholdClassifierCV)
def _threshold(model: Any, *x: Any) -> Any:
    threshold = getattr(model, "best_threshold_", getattr(model, "threshold", "auto"))
    if model.response_method == "decision_function" or getattr(model, "pos_label", None) is not None:
        raise NotImplementedError("a response_method or pos_label")
    shares = op("Identity", inner(model.estimator_, *x)[1])
    second = op("Gather", shares, np.array([1]), axis=1)
    return of_two(second, "GreaterOrEqual", 0.5 if threshold == "auto" else float(threshold)), shares


@regressors(compose.TransformedTargetRegressor)
def _transformed_target(model: Any, *x: Any) -> Any:
    values = op("Identity", inner(model.regressor_, *x))
    inverse = getattr(model.transformer_, "inverse_func", None)
    if inverse is None:
        return values
    if inverse is np.expm1:
        return op("Sub", op("Exp", values), np.array([1.0]))
    return op({np.exp: "Exp", np.log: "Log", np.sqrt: "Sqrt"}[inverse], values)


@classifiers(ensemble.VotingClassifier)
def _voting(model: Any, *x: Any) -> Any:
    weights = np.ones(len(model.estimators_)) if model.weights is None else np.array(model._weights_not_none)
    if model.voting == "hard":
        raise NotImplementedError("hard voting")
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


def _kernel(model: Any, x: Any, rows: Any, gamma: float) -> Any:
    """Make the kernel of x with rows, of shape (n_samples, len(rows))."""
    rows = np.asarray(rows, dtype=np.float64)
    product = op("MatMul", x, rows.T.copy())
    if model.kernel == "linear":
        return product
    if model.kernel != "rbf":
        raise NotImplementedError(f"the kernel {model.kernel}")
    lengths = op("ReduceSum", op("Mul", x, x), np.array([1]), keepdims=1)
    distances = op("Add", op("Sub", lengths, op("Mul", product, np.array([2.0]))), (rows**2).sum(axis=1))
    return op("Exp", op("Mul", distances, np.array([-float(gamma)])))


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
