"""What a model takes and what it answers, read off the rows it was trained on.

Everything typed derives from the signature: request validation, OpenAPI, examples, the form and the
tests. It is stored as signature.json in the model package and never edited by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import pandas as pd

Label = bool | int | float | str
SAFE_INTEGER = 2**53 - 1  # The largest integer that JSON readers and float64 hold exactly.
FeatureType = Literal["number", "integer", "boolean", "string"]


class SignatureError(ValueError):
    """A table or an estimator from which no signature can be read."""


class Feature(BaseModel):
    """One input column: its type, whether it may be missing, and what was seen in training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: FeatureType
    nullable: bool
    categories: list[str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    example: Label


class Target(BaseModel):
    """The column that is predicted; `classes` are the labels in the order of the probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: FeatureType
    classes: list[Label] | None = None


class Signature(BaseModel):
    """The features in the order of training, the target, the task and the number of training rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: list[Feature]
    target: Target
    task: Literal["binary", "multiclass", "regression"]
    probabilities: bool
    n_samples: int

    def example(self) -> dict[str, Label]:
        """A typical record: the median of each number, the most frequent of all else."""
        return {feature.name: feature.example for feature in self.features}


def infer(X: pd.DataFrame, y: pd.Series[Any], estimator: Any) -> Signature:
    """Read the signature of a fitted estimator off the rows it saw.

    X : DataFrame of shape (n_samples, n_features); y : Series of shape (n_samples,).
    Raises SignatureError naming the column whose type cannot be served.
    """
    labels = _labels(estimator)
    task: Literal["binary", "multiclass", "regression"] = "regression"
    if labels:
        task = "binary" if len(labels) == 2 else "multiclass"
    return Signature(
        features=[_feature(str(name), X[name]) for name in X.columns],
        target=Target(name=str(y.name), type=_label_type(labels), classes=labels),
        task=task,
        probabilities=labels is not None and hasattr(estimator, "predict_proba"),
        n_samples=len(X),
    )


def _labels(estimator: Any) -> list[Label] | None:
    """List the classes of a classifier in the order of its probabilities."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return None
    if isinstance(classes, list):
        raise SignatureError("the estimator predicts several targets: package one for each")
    labels: list[Label] = classes.tolist()
    return labels


def _label_type(labels: list[Label] | None) -> FeatureType:
    """Name the type of the answers: that of the classes, or a number if there are none."""
    kinds: dict[type, FeatureType] = {bool: "boolean", int: "integer", str: "string"}
    return kinds.get(type(labels[0]), "number") if labels else "number"


def _feature(name: str, column: pd.Series[Any]) -> Feature:
    seen = column.dropna()
    if seen.empty:
        raise SignatureError(f"column {name} holds no value: leave it out of the features")
    kind = _type(name, column)
    nullable = bool(column.isna().any())
    if kind == "string":
        categories = sorted(seen.astype(str).unique().tolist())
        example = str(seen.mode().iloc[0])
        return Feature(name=name, type=kind, nullable=nullable, categories=categories, example=example)
    if kind == "boolean":
        return Feature(name=name, type=kind, nullable=nullable, example=bool(seen.mode().iloc[0]))
    low, high = float(seen.min()), float(seen.max())
    if kind == "integer" and max(-low, high) > SAFE_INTEGER:
        raise SignatureError(f"column {name} holds integers that JSON cannot: make them text, or leave it out")
    # The lower median is a value that occurs, so that an integer's example is an integer.
    middle = seen.quantile(0.5, interpolation="lower").item()
    return Feature(name=name, type=kind, nullable=nullable, minimum=low, maximum=high, example=middle)


def _type(name: str, column: pd.Series[Any]) -> FeatureType:
    from pandas.api import types

    if types.is_bool_dtype(column):
        return "boolean"
    if types.is_integer_dtype(column):
        return "integer"
    if types.is_float_dtype(column):
        return "number"
    kinds = {type(value) for value in column.dropna()}
    if isinstance(column.dtype, types.CategoricalDtype) or kinds == {str}:
        return "string"
    if kinds == {bool}:
        return "boolean"
    raise SignatureError(
        f"column {name} has the type {column.dtype} and holds {' and '.join(sorted(kind.__name__ for kind in kinds))}: "
        "make all of it numbers, booleans or text, or leave it out of the features"
    )
