"""What scikit-learn says of an estimator by its tags, which older versions, too, package models with."""

from __future__ import annotations

from typing import Any

from sklearn import utils


def estimator_type(estimator: Any) -> str | None:
    """Name what an estimator is, as classifier or outlier_detector; None of what has no tags."""
    try:
        if hasattr(utils, "get_tags") and hasattr(estimator, "__sklearn_tags__"):
            kind: str | None = utils.get_tags(estimator).estimator_type
            return kind
        return getattr(estimator, "_estimator_type", None)  # Before scikit-learn 1.6, and of a graph.
    except Exception:  # Each library has its own.
        return None


def takes_only_texts(estimator: Any) -> bool:
    """Tell whether an estimator of scikit-learn's base class is fitted on texts, and on no rows of columns."""
    if hasattr(utils, "get_tags"):
        tags = utils.get_tags(estimator).input_tags
        return bool(tags.string and not tags.two_d_array)
    kinds = estimator._get_tags()["X_types"]
    return "string" in kinds and "2darray" not in kinds
