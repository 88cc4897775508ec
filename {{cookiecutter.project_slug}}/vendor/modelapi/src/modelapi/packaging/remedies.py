"""What people store in place of an estimator that takes a table, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelapi.engines import EngineError


def check_kind(model: Any) -> None:
    """Raise EngineError that says how to store a model that cannot be asked about a table as it is."""
    if isinstance(model, type):
        raise EngineError(f"the file holds the class {model.__name__}, not an estimator of it: fit one, and store that")
    if isinstance(model, dict | list | tuple):
        raise EngineError(_of_a_container(model))
    if type(model).__module__.startswith("xgboost.") and type(model).__name__ == "Booster":
        raise EngineError(
            "the model is a Booster of xgboost, which takes no table: wrap it, as in "
            "wrapped = XGBClassifier(); wrapped.load_model(booster.save_raw()) (or XGBRegressor), and store that"
        )


def _of_a_container(model: Any) -> str:
    kind, parts = type(model).__name__, list(_estimators(model))
    # What transforms comes before what predicts.
    names = [type(part).__name__ for part in sorted(parts, key=lambda part: hasattr(part, "predict"))]
    if not names:
        return f"the file holds a {kind} without an estimator in it: store the fitted estimator"
    if len(names) == 1:
        return f"the file holds a {kind} with a {names[0]} in it: store the {names[0]} by itself"
    return (
        f"the file holds a {kind} of {' and '.join(names)}: put them into one pipeline, in the order in which rows go "
        f"through them, as in make_pipeline({', '.join(name.lower() for name in names)}), and store that"
    )


def _estimators(model: Any) -> Iterator[Any]:
    for part in model.values() if isinstance(model, dict) else model:
        if isinstance(part, dict | list | tuple):
            yield from _estimators(part)
        elif not isinstance(part, type) and (hasattr(part, "fit") or hasattr(part, "predict")):
            yield part
