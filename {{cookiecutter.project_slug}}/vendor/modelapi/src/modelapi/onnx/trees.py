"""Trees as one TreeEnsemble operator in float64: skl2onnx's own sum in float32, and ties go another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto, helper
from skl2onnx.common.data_types import DoubleTensorType
from sklearn import ensemble, tree
from sklearn.ensemble._iforest import _average_path_length

from modelapi.onnx.registry import (
    OPSETS,
    NoConverterError,
    argmax,
    classifiers,
    detectors,
    of_two,
    op,
    regressors,
    shares_of_two,
)

Array = np.ndarray[Any, Any]
LESS_OR_EQUAL = 0
SUM = 1


class Tree(NamedTuple):
    """A tree as arrays with an entry for each node; `left` is -1 at leaves, whose values go to output `target`."""

    left: Array
    right: Array
    feature: Array
    threshold: Array
    missing_goes_left: Array
    value: Array
    target: int


def _ensemble(trees: Iterable[Tree], n_targets: int) -> dict[str, Any]:
    """Make the attributes of an operator that sums the leaves which a row reaches."""
    parts: dict[str, list[Any]] = {}
    n_nodes = n_leaves = 0
    for one in trees:
        if one.left[0] < 0:  # The operator has no tree of one leaf: ask something, and go to the same value.
            zeros, left, right = np.zeros(3, int), np.array([1, -1, -1]), np.array([2, -1, -1])
            one = Tree(left, right, zeros, zeros, zeros, one.value.repeat(3), one.target)
        is_leaf = one.left < 0
        inner = np.flatnonzero(~is_leaf)
        # The operator numbers nodes and leaves apart.
        number = np.where(is_leaf, n_leaves + is_leaf.cumsum() - 1, n_nodes + (~is_leaf).cumsum() - 1)
        for name, values in {
            "tree_roots": [n_nodes],
            "nodes_featureids": one.feature[inner],
            "nodes_truenodeids": number[one.left[inner]],
            "nodes_falsenodeids": number[one.right[inner]],
            "nodes_trueleafs": is_leaf[one.left[inner]],
            "nodes_falseleafs": is_leaf[one.right[inner]],
            "nodes_missing_value_tracks_true": one.missing_goes_left[inner],
            "leaf_targetids": np.full(is_leaf.sum(), one.target),
            "nodes_splits": one.threshold[inner],
            "leaf_weights": one.value[is_leaf],
        }.items():
            parts.setdefault(name, []).append(values)
        n_nodes, n_leaves = n_nodes + len(inner), n_leaves + int(is_leaf.sum())
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    doubles = {name: joined.pop(name) for name in ("nodes_splits", "leaf_weights")}
    return {
        **{name: values.astype(int).tolist() for name, values in joined.items()},
        **{name: helper.make_tensor(name, TensorProto.DOUBLE, [len(it)], it) for name, it in doubles.items()},
        "nodes_modes": helper.make_tensor("modes", TensorProto.UINT8, [n_nodes], [LESS_OR_EQUAL] * n_nodes),
        "n_targets": n_targets,
        "aggregate_function": SUM,
    }


def sums(read: Callable[[Any], tuple[Iterable[Tree], int]], rounds: bool) -> Callable[..., list[Any]]:
    """Make the function that adds the trees of an estimator to the graph; `rounds` if they look at float32."""

    def prepare(scope: Any, operator: Any, container: Any) -> list[Any]:
        name = operator.inputs[0].full_name
        for kind in (TensorProto.FLOAT, TensorProto.DOUBLE) if rounds else ():
            before, name = name, scope.get_unique_variable_name("rounded")
            container.add_node("Cast", [before], [name], to=kind, name=scope.get_unique_operator_name("Cast"))
        trees, n_targets = read(operator.raw_operator)
        total = scope.declare_local_variable("sums", DoubleTensorType([None, n_targets]))
        # The operator came with version 5, which the finished graph names; skl2onnx knows 3 as its last.
        version = OPSETS["ai.onnx.ml"]
        attributes = {"name": scope.get_unique_operator_name("Trees"), **_ensemble(trees, n_targets)}
        container.add_node(
            "TreeEnsemble", [name], [total.full_name], op_domain="ai.onnx.ml", op_version=version, **attributes
        )
        return [total]

    return prepare


def _read(estimator: Any, target: int, output: int = 0, scale: float = 1.0) -> Tree:
    """Read what a fitted tree says of one of its outputs, or of its classes."""
    own = estimator.tree_
    values = own.value.reshape(own.node_count, -1)
    missing_goes_left = getattr(own, "missing_go_to_left", None)
    if missing_goes_left is None:  # Before scikit-learn 1.3, when a classifier's leaves held counts, not shares.
        missing_goes_left = np.zeros(own.node_count)
        values = values / values.sum(axis=1, keepdims=True) if hasattr(estimator, "classes_") else values
    value = values[:, output] * scale
    return Tree(own.children_left, own.children_right, own.feature, own.threshold, missing_goes_left, value, target)


def _members(model: Any) -> list[Any]:
    return list(getattr(model, "estimators_", [model]))


def _forest(model: Any) -> tuple[Iterator[Tree], int]:
    if model.n_outputs_ > 1 and hasattr(model, "classes_"):
        raise NoConverterError("several targets with classes")
    n_targets = len(model.classes_) if hasattr(model, "classes_") else model.n_outputs_
    return (_read(member, k, k) for member in _members(model) for k in range(n_targets)), n_targets


def _gradient_boosting(model: Any) -> tuple[Iterator[Tree], int]:
    if model.init is not None and not isinstance(model.init, str):
        raise NoConverterError("an estimator as init")
    stages = model.estimators_
    trees = (_read(member, k, scale=model.learning_rate) for stage in stages for k, member in enumerate(stage))
    return trees, stages.shape[1]


def _hist_gradient_boosting(model: Any) -> tuple[Iterator[Tree], int]:
    if model.is_categorical_ is not None:
        raise NoConverterError("categorical_features")

    def trees() -> Iterator[Tree]:
        for stage in model._predictors:
            for target, predictor in enumerate(stage):
                nodes = predictor.nodes
                left, right = (np.where(nodes["is_leaf"], -1, nodes[side].astype(int)) for side in ("left", "right"))
                threshold, missing = nodes["num_threshold"], nodes["missing_go_to_left"]
                yield Tree(left, right, nodes["feature_idx"], threshold, missing, nodes["value"], target)

    return trees(), model.n_trees_per_iteration_


def _isolation_forest(model: Any) -> tuple[Iterator[Tree], int]:
    """Let each leaf say how deep it is, and how deep a tree of its rows would be."""

    def trees() -> Iterator[Tree]:
        for member, features, depths, rest in zip(
            model.estimators_,
            model.estimators_features_,
            model._decision_path_lengths,
            model._average_path_length_per_tree,
            strict=True,
        ):
            yield _read(member, 0)._replace(
                feature=features[np.maximum(member.tree_.feature, 0)], value=depths + rest - 1.0
            )

    return trees(), 1


def _mean(model: Any, sums: Any) -> Any:
    return op("Div", sums, np.array([float(len(_members(model)))]))


regressors(
    tree.DecisionTreeRegressor,
    tree.ExtraTreeRegressor,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesRegressor,
    prepare=sums(_forest, rounds=True),
)(_mean)


@classifiers(
    tree.DecisionTreeClassifier,
    tree.ExtraTreeClassifier,
    ensemble.RandomForestClassifier,
    ensemble.ExtraTreesClassifier,
    prepare=sums(_forest, rounds=True),
)
def _mean_shares(model: Any, sums: Any) -> Any:
    shares = _mean(model, sums)
    return argmax(shares), shares


@detectors(ensemble.IsolationForest, prepare=sums(_isolation_forest, rounds=True))
def _isolation(model: Any, depths: Any) -> Any:
    deepest = len(model.estimators_) * float(_average_path_length([model._max_samples])[0])
    if not deepest:
        raise NoConverterError("trees of a single row")
    # What is isolated soon, by few questions, is an outlier.
    ways = op("Pow", np.array([2.0]), op("Mul", depths, np.array([-1.0 / deepest])))
    return op("Sub", op("Neg", ways), np.array([float(model.offset_)]))


@regressors(ensemble.GradientBoostingRegressor, prepare=sums(_gradient_boosting, rounds=True))
def _boosted(model: Any, sums: Any) -> Any:
    return op("Add", sums, model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32)).astype(float))


@regressors(ensemble.HistGradientBoostingRegressor, prepare=sums(_hist_gradient_boosting, rounds=False))
def _hist_boosted(model: Any, sums: Any) -> Any:
    raw = op("Add", sums, np.reshape(model._baseline_prediction, (1, -1)).astype(float))
    return op("Exp", raw) if model.loss in ("poisson", "gamma") else raw


@classifiers(ensemble.GradientBoostingClassifier, prepare=sums(_gradient_boosting, rounds=True))
def _boosted_shares(model: Any, sums: Any) -> Any:
    slope = 2.0 if model.loss == "exponential" else 1.0
    return _shares(model, _boosted(model, sums), "GreaterOrEqual", slope)


@classifiers(ensemble.HistGradientBoostingClassifier, prepare=sums(_hist_gradient_boosting, rounds=False))
def _hist_boosted_shares(model: Any, sums: Any) -> Any:
    return _shares(model, _hist_boosted(model, sums), "Greater", 1.0)


def _shares(model: Any, raw: Any, comparison: str, slope: float) -> Any:
    """Make labels and probabilities of raw scores; the two kinds of boosting part at a score of exactly 0."""
    if len(model.classes_) > 2:
        return argmax(raw), op("Softmax", raw, axis=1)
    return of_two(raw, comparison), shares_of_two(op("Sigmoid", op("Mul", raw, np.array([slope]))))
