"""The features of a fitted estimator, as its encoders, the sample and, if they are given, all rows of training tell."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from modelapi.engines import Engine
from modelapi.packaging.mutations import UNKNOWN, Mutation, predictable
from modelapi.packaging.parity import head
from modelapi.packaging.sample import with_plain_types
from modelapi.records.columns import Columns
from modelapi.signature import Feature, FeatureType, Label, Signature
from modelapi.training.dialect import TableError
from modelapi.training.encoders import Encoded
from modelapi.training.features import read_features
from modelapi.training.texts import EXAMPLE, MAX_LENGTH

MAX_ROWS = 5
NO_GAPS = ("int64", "bool")
ALIKE: list[set[FeatureType]] = [{"integer", "number"}, {"string", "text"}]  # More rows tell which it is.


def read(X: pd.DataFrame, encoded: Mapping[str, Encoded], training: pd.DataFrame | None = None) -> list[Feature]:
    """Read a feature off each column of the sample and, in so far as it tells more, of the table of all training rows.

    X, training : of shape (n_samples, n_features), with the same columns.
    Raises SignatureError or TableError that names a column.
    """
    features = _read(X, encoded)
    if training is None:
        return features
    known = _categories(encoded)
    pairs = zip(features, _read(training, encoded), strict=True)
    return [_join(one, of_all, is_encoded=one.name in known) for one, of_all in pairs]


def with_free_texts(
    engine: Engine, columns: Columns, signature: Signature, encoded: Mapping[str, Encoded]
) -> Signature:
    """Let columns of strings of which no encoder knows the categories be free text, if the estimator takes any.

    A sample does not tell all values of such a column.
    """
    known = _categories(encoded)
    asked = [one for one in signature.features if one.type == "string" and one.name not in known]
    few = {name: values[:MAX_ROWS] for name, values in head(columns).items()}
    mutations = [Mutation(one, UNKNOWN) for one in asked if one.dtype != "category"]
    free = {mutation.feature.name for mutation in predictable(engine, few, mutations, signature)}
    text = {"type": "text", "categories": None, "listed": True, "max_length": MAX_LENGTH, "example": EXAMPLE}
    features = [one.model_copy(update=text) if one.name in free else one for one in signature.features]
    return signature.model_copy(update={"features": features})


def _read(X: pd.DataFrame, encoded: Mapping[str, Encoded]) -> list[Feature]:
    gaps = {name: gap for name, known in encoded.items() for gap in known.gaps}
    texts = [name for name, known in encoded.items() if known.is_text]
    return read_features(with_plain_types(X), _categories(encoded), texts=texts, gaps=gaps)


def _categories(encoded: Mapping[str, Encoded]) -> dict[str, list[Label]]:
    return {name: known.categories for name, known in encoded.items() if known.categories is not None}


def _join(one: Feature, of_all: Feature, *, is_encoded: bool) -> Feature:
    """Take what all rows tell; dtype and gap are as the sample has them, and categories as the encoder has."""
    kinds = {one.type, of_all.type}
    if (len(kinds) > 1 and kinds not in ALIKE) or (one.dtype == "category") != (of_all.dtype == "category"):
        raise TableError(
            f"column {one.name} is {one.type} of dtype {one.dtype} in the sample, but {of_all.type} of dtype "
            f"{of_all.dtype} in the table of all training rows: write both alike, as Parquet does"
        )
    whole = one.dtype in NO_GAPS and (of_all.nullable or of_all.type == "number")
    kept = {
        "type": "number" if kinds == {"integer", "number"} else of_all.type,
        "dtype": of_all.dtype if whole else one.dtype,
        "gap": one.gap,
        "nullable": one.nullable or of_all.nullable,
    }
    if is_encoded:
        kept |= {"categories": one.categories, "example": one.example}
    return of_all.model_copy(update=kept)
