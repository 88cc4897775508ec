"""The features of a model, read off the rows that it was trained on and off its encoders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import Pipeline

from modelapi.records.columns import Columns, column
from modelapi.signature import SAFE_INTEGER, Feature, FeatureType, Gap, Label, SeenIn, Signature, Taken, Target, Task
from modelapi.training.identifiers import names_people
from modelapi.training.tags import estimator_type
from modelapi.training.texts import EXAMPLE, is_text, max_length, may_list, mostly_differs

MIXTURES = (GaussianMixture, BayesianGaussianMixture)
QUANTILES = np.linspace(0, 1, 21)
OBJECTS: dict[FeatureType, set[type]] = {  # What a column of objects may hold.
    "string": {str},
    "boolean": {bool},
    "integer": {int},
    "number": {int, float},
}


class SignatureError(ValueError):
    """A table or an estimator from which no signature can be read."""


def read_features(
    X: pd.DataFrame,
    encoded: Mapping[str, Sequence[Label]] | None = None,
    formats: Mapping[str, str] | None = None,
    parts: Mapping[str, list[str]] | None = None,
    texts: Collection[str] = (),
    gaps: Mapping[str, Gap] | None = None,
) -> list[Feature]:
    """Read a feature off each column of X, of shape (n_samples, n_features).

    encoded : the categories that encoders of the estimator know, by column.
    formats, parts : of columns with dates, see Feature.
    texts : the columns of text whatever they hold; of others it is seen from how much they differ.
    gaps : what encoders and imputers take for a missing value, by column; else it is as in X.
    Raises SignatureError naming the column whose type cannot be served.
    """
    features = []
    for name in X.columns:
        feature = _feature(name, X[name], (encoded or {}).get(name), name in texts)
        dates = {"format": (formats or {}).get(name), "parts": (parts or {}).get(name)}
        gap = (gaps or {}).get(name) or ("none" if any(value is None for value in _objects(X[name])) else "nan")
        features.append(feature.model_copy(update={**dates, "gap": gap}))
    return features


def to_columns(X: pd.DataFrame, features: Sequence[Feature]) -> Columns:
    """Turn a table into the columns that an engine takes."""
    return {feature.name: column(feature, plain_values(X[feature.name])) for feature in features}


def plain_values(values: pd.Series[Any]) -> list[Any]:
    """List the values as Python has them, None where they are missing, dates in naive UTC."""
    values = naive(values)
    return values.astype(object).where(values.notna(), None).tolist()


def infer(
    features: list[Feature],
    names: Sequence[str],
    estimator: Any,
    n_samples: int,
    *,
    seen_in: SeenIn = "training",
    takes: Taken | None = None,
    table: pd.DataFrame | None = None,
) -> Signature:
    """Put together the signature of a fitted estimator that predicts, or makes, the targets of these names.

    table : which may hold what was seen of the targets.
    Whether it gives scores is for modelapi.packaging.scores to say.
    """
    targets = [
        Target(
            name=name,
            type=_label_type(labels),
            classes=labels,
            quantiles=None if labels or table is None or name not in table.columns else _quantiles(table[name]),
        )
        for name, labels in zip(names, _classes(estimator, len(names)), strict=True)
    ]
    task = _task(estimator, targets)
    target = targets[0]
    if len(targets) > 1 or task == "transform":
        name = type(final(estimator)).__name__ if task == "transform" else ", ".join(names)
        target = Target(name=name, type="object", outputs=targets)
    return Signature(
        features=features,
        target=target,
        task=task,
        probabilities=targets[0].classes is not None and hasattr(estimator, "predict_proba"),
        n_samples=n_samples,
        seen_in=seen_in,
        takes=takes,
    )


def transforms(estimator: Any) -> bool:
    """Tell whether an estimator has no prediction to make, but new columns."""
    return hasattr(estimator, "transform") and not hasattr(estimator, "predict")


def final(estimator: Any) -> Any:
    """Return the last step of a fitted estimator, which says what it answers."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    return final(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def _task(estimator: Any, targets: Sequence[Target]) -> Task:
    classes = [target.classes for target in targets]
    if transforms(estimator):
        return "transform"
    if len(targets) > 1:
        return "multilabel" if all(one in ([0, 1], [False, True]) for one in classes) else "multi-output"
    if estimator_type(estimator) == "outlier_detector":
        return "outlier"
    if estimator_type(estimator) == "clusterer" or isinstance(final(estimator), MIXTURES):
        return "cluster"
    if classes[0]:
        return "binary" if len(classes[0]) == 2 else "multiclass"
    return "regression"


def _classes(estimator: Any, n_targets: int) -> Sequence[list[Label] | None]:
    """List the classes of each target in the order of its probabilities; None where it is a number."""
    if transforms(estimator):
        return [None] * n_targets
    if estimator_type(estimator) == "outlier_detector":
        return [[-1, 1]]
    last = final(estimator)
    n_clusters = len(last.weights_ if isinstance(last, MIXTURES) else getattr(last, "cluster_centers_", []))
    if n_clusters:
        return [list(range(n_clusters))]
    classes = getattr(estimator, "classes_", getattr(estimator, "labels_", None))
    if classes is None:
        return [None] * n_targets
    if isinstance(classes, list):
        return [labels.tolist() for labels in classes]
    if n_targets > 1:  # One array for all is that of a multilabel classifier, whose answers are 0 and 1.
        return [[0, 1]] * n_targets
    return [classes.tolist() if hasattr(estimator, "classes_") else np.unique(classes).tolist()]


def _quantiles(values: pd.Series[Any]) -> list[float] | None:
    """Say how numbers are distributed; None of what is no number."""
    seen = values.dropna()
    if seen.empty or not types.is_numeric_dtype(seen):
        return None
    return [float(f"{value:.4g}") for value in np.quantile(seen.to_numpy(dtype=float), QUANTILES)]


def _label_type(labels: list[Label] | None) -> FeatureType:
    """Name the type of the answers: that of the classes, or a number if there are none."""
    kinds: dict[type, FeatureType] = {bool: "boolean", int: "integer", str: "string"}
    return kinds.get(type(labels[0]), "number") if labels else "number"


def naive(values: pd.Series[Any]) -> pd.Series[Any]:
    """Turn moments with a time zone into naive UTC."""
    return values.dt.tz_convert(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values


def _feature(name: str, values: pd.Series[Any], encoded: Sequence[Label] | None, is_free: bool) -> Feature:
    seen = values.dropna().infer_objects()
    if seen.empty:
        raise SignatureError(f"column {name} holds no value: leave it out of the features")
    kind = _type(name, values)
    nullable = bool(values.isna().any())
    common: dict[str, Any] = {"name": name, "type": kind, "dtype": _dtype(values), "nullable": nullable}
    if kind == "string" and (is_free or (encoded is None and seen.dtype != "category" and is_text(seen))):
        return Feature(**common | {"type": "text"}, max_length=max_length(seen), example=EXAMPLE)
    if kind == "string":
        known = _categories(seen, encoded or [])
        most = str(seen.mode().iloc[0])
        return Feature(**common, categories=known, listed=may_list(known, len(seen)), example=most)
    if kind == "boolean":
        return Feature(**common, example=bool(seen.mode().iloc[0]))
    if kind == "datetime":
        seen = naive(seen)
        low, high = seen.min(), seen.max()
        middle = seen.sort_values().iloc[(len(seen) - 1) // 2]
        return Feature(**common, minimum=_iso(low), maximum=_iso(high), example=_iso(middle))
    low, high = float(seen.min()), float(seen.max())
    if kind == "integer" and max(-low, high) > SAFE_INTEGER:
        raise SignatureError(f"column {name} holds integers that JSON cannot: make them text, or leave it out")
    numbers = sorted({*seen.unique().tolist(), *encoded}) if encoded is not None else None
    listed = may_list(numbers, len(seen)) if numbers is not None else not names_people(seen)
    example = _middle(seen, known=numbers is not None)
    return Feature(**common, categories=numbers, listed=listed, minimum=low, maximum=high, example=example)


def _middle(seen: pd.Series[Any], known: bool) -> float:
    """Take the lower median, which is a whole number where all are; rounded if it is that of a single row.

    known : whether it has to be one that an encoder knows.
    """
    middle: float = seen.quantile(0.5, interpolation="lower").item()
    if known or not mostly_differs(seen.nunique(), len(seen)):
        return middle
    rounded = (type(middle)(float(f"{middle:.{digits}g}")) for digits in range(2, 17))
    return next((value for value in rounded if seen.min() <= value <= seen.max()), middle)


def _categories(seen: pd.Series[Any], encoded: Sequence[Label]) -> list[Label]:
    """List the categories of a column: those seen, and those that an encoder knows."""
    if isinstance(seen.dtype, pd.CategoricalDtype):  # Their order is part of the dtype.
        return [str(value) for value in seen.cat.categories]
    return [*sorted({str(value) for value in (*seen.unique().tolist(), *encoded)})]


def _dtype(values: pd.Series[Any]) -> str:
    """Name the dtype; narrow integers are widened, for values of clients would wrap around in them."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return "category"
    if types.is_integer_dtype(values) and not values.isna().any():
        return "int64"
    return str(values.dtype)


def _iso(moment: pd.Timestamp) -> str:
    return moment.date().isoformat() if moment == moment.normalize() else moment.isoformat()


def _type(name: str, values: pd.Series[Any]) -> FeatureType:
    if types.is_bool_dtype(values):
        return "boolean"
    if types.is_integer_dtype(values):
        return "integer"
    if types.is_float_dtype(values):
        return "number"
    if types.is_datetime64_any_dtype(values):
        return "datetime"
    kinds = {type(value) for value in values.dropna()}
    for kind, others in OBJECTS.items():
        if kinds and kinds <= others:
            return kind
    raise SignatureError(
        f"column {name} has the type {values.dtype} and holds {' and '.join(sorted(kind.__name__ for kind in kinds))}: "
        "make all of it numbers, booleans, dates or text, or leave it out of the features"
    )


def _objects(values: pd.Series[Any]) -> Sequence[Any]:
    """List the values of a column of objects; none of one that is none."""
    return values.tolist() if values.dtype == object else []
