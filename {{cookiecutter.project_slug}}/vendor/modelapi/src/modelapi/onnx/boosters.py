"""The trees of xgboost and lightgbm, as these write them in JSON; of neither is anything imported.

xgboost asks whether a float32 is less than a threshold, and sums in float32. lightgbm works in float64, and without
missing values in training takes one for 0.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from modelapi.onnx.registry import NoConverterError, argmax, classifiers, of_two, op, regressors, shares_of_two
from modelapi.onnx.trees import Tree, sums

LINKS = {  # What becomes of a sum, by objective.
    "binary:logistic": "Sigmoid",
    "reg:logistic": "Sigmoid",
    "count:poisson": "Exp",
    "reg:gamma": "Exp",
    "reg:tweedie": "Exp",
    "poisson": "Exp",
    "gamma": "Exp",
    "tweedie": "Exp",
}
PLAIN = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "regression", "regression_l1", "huber")
SHARES = ("multi:softprob", "multi:softmax", "multiclass")


def register() -> None:
    """Register the converters of what is imported: a fitted model has imported its library."""
    if "xgboost" in sys.modules:
        library = sys.modules["xgboost"]
        _register(library.XGBClassifier, library.XGBRegressor, _read_xgboost, _sum_of_xgboost, rounds=True)
    if "lightgbm" in sys.modules:
        library = sys.modules["lightgbm"]
        _register(library.LGBMClassifier, library.LGBMRegressor, _read_lightgbm, _sum_of_lightgbm, rounds=False)


def _register(classifier: type, regressor: type, read: Any, finish: Callable[..., Any], *, rounds: bool) -> None:
    prepare = sums(read, rounds=rounds)

    def shares(model: Any, raw: Any) -> Any:
        objective, values = finish(model, raw)
        if objective in SHARES:
            return argmax(values), op("Softmax", values, axis=1)
        if LINKS.get(objective) != "Sigmoid" and objective != "binary":
            raise NoConverterError(f"the objective {objective}")
        second = op("Sigmoid", values)
        return of_two(second, threshold=0.5), shares_of_two(second)

    def predict(model: Any, raw: Any) -> Any:
        objective, values = finish(model, raw)
        if objective in PLAIN:
            return values
        if objective not in LINKS:
            raise NoConverterError(f"the objective {objective}")
        return op(LINKS[objective], values)

    classifiers(classifier, prepare=prepare)(shares)
    regressors(regressor, prepare=prepare)(predict)


def _learner(model: Any) -> Any:
    booster = model.get_booster()
    if getattr(model, "early_stopping_rounds", None):
        booster = booster[: model.best_iteration + 1]
    return json.loads(booster.save_raw("json"))["learner"]


def _read_xgboost(model: Any) -> tuple[Iterator[Tree], int]:
    gradient = _learner(model)["gradient_booster"]
    if gradient["name"] != "gbtree" or any(tree["categories_nodes"] for tree in gradient["model"]["trees"]):
        raise NoConverterError("another booster than gbtree, or categories")
    targets = gradient["model"]["tree_info"]

    def trees() -> Iterator[Tree]:
        for tree, target in zip(gradient["model"]["trees"], targets, strict=True):
            left, right, feature, missing = (
                np.array(tree[name]) for name in ("left_children", "right_children", "split_indices", "default_left")
            )
            value = np.array(tree["split_conditions"], dtype=np.float32)
            # A float32 is less than a threshold if it is no more than the one before that.
            threshold = np.nextafter(value, np.float32(-np.inf))
            yield Tree(left, right, feature, threshold.astype(float), missing, value.astype(float), target)

    return trees(), max(targets) + 1


def _sum_of_xgboost(model: Any, raw: Any) -> tuple[str, Any]:
    learner = _learner(model)
    objective: str = learner["objective"]["name"]
    base = np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"])).astype(np.float64)
    if LINKS.get(objective) == "Sigmoid":
        base = np.log(base / (1 - base))
    elif LINKS.get(objective) == "Exp":
        base = np.log(base)
    return objective, op("Add", raw, base.reshape(1, -1))


def _read_lightgbm(model: Any) -> tuple[Iterator[Tree], int]:
    content = model.booster_.dump_model()
    n_targets = content["num_tree_per_iteration"]
    trees = (_flatten(one["tree_structure"], one["tree_index"] % n_targets) for one in content["tree_info"])
    return trees, n_targets


def _flatten(root: Any, target: int) -> Tree:
    """List the nodes of a tree, each before those below it."""
    nodes: list[Any] = [root]
    left, right = [], []
    for node in nodes:  # Which grows meanwhile.
        is_leaf = "leaf_value" in node
        left.append(-1 if is_leaf else len(nodes))
        right.append(-1 if is_leaf else len(nodes) + 1)
        if not is_leaf:
            if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
                raise NoConverterError("categories, or zeros that are missing values")
            nodes += [node["left_child"], node["right_child"]]
    missing = [
        node["default_left"] if node.get("missing_type") == "NaN" else node.get("threshold", 0.0) >= 0 for node in nodes
    ]
    return Tree(
        np.array(left),
        np.array(right),
        np.array([node.get("split_feature", 0) for node in nodes]),
        np.array([node.get("threshold", 0.0) for node in nodes]),
        np.array(missing),
        np.array([node.get("leaf_value", 0.0) for node in nodes]),
        target,
    )


def _sum_of_lightgbm(model: Any, raw: Any) -> tuple[str, Any]:
    content = model.booster_.dump_model()
    name, *options = content["objective"].split()
    if content["average_output"]:
        raw = op("Div", raw, np.array([len(content["tree_info"]) / content["num_tree_per_iteration"]]))
    if "sqrt" in options:
        raise NoConverterError("the objective of square roots")
    slope = next((float(option.removeprefix("sigmoid:")) for option in options if option.startswith("sigmoid:")), 1.0)
    return name, op("Mul", raw, np.array([slope]))
