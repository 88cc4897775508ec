"""Mutations of the sample: one cell of a row changed at a time, so that it is seen what engines make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from modelapi.engines import Engine, everything
from modelapi.engines.failing import halve
from modelapi.packaging.odd_texts import odd_texts
from modelapi.records.columns import Columns, column, n_rows
from modelapi.signature import Feature, Signature

MAX_SAMPLE = 2_000
MAX_MUTATED = 20  # Rows for each way to change a feature.
MAX_CELLS = 4_000_000  # Of all mutated rows together, so that wide tables take no longer than long ones.
MAX_CATEGORIES = 20
MAX_ASKED = 64  # Times that an estimator is asked; what is not found out by then counts as what it cannot predict.
MIN_ASKED = 16
MAX_COLUMNS_ASKED = 20_000  # In all questions together: an encoder takes half a millisecond for each column.
UNKNOWN = "never seen in training"


class Mutation(NamedTuple):
    """A value that takes the place of a feature's own."""

    feature: Feature
    value: object


def mutate(original: Engine, sample: Columns, signature: Signature) -> tuple[Columns, Signature]:
    """Add rows with missing values, unknown categories and values at and beyond the ends of each range.

    Rows that the estimator itself cannot predict are left out; if that is so for an unknown category, the
    signature that is returned says it.
    """
    few = {name: values[: min(MAX_MUTATED, 1 + MAX_SAMPLE // len(sample))] for name, values in sample.items()}
    unknown = [Mutation(one, _unknown(one)) for one in signature.features if one.categories is not None]
    others = [Mutation(one, value) for one in signature.features for value in _values(one, few[one.name])]
    n_mutations = max(len(unknown) + 1, MAX_CELLS // len(sample))  # Of one row each.
    if len(unknown) + len(others) > n_mutations:
        others = others[:: -(-len(others) // (n_mutations - len(unknown)))]
    most = max(1, n_mutations // (len(unknown) + len(others) + 1))
    few = {name: values[:most] for name, values in few.items()}

    taken = predictable(original, few, unknown, signature)
    known = predictable(original, few, others, signature)
    refused = {one.feature.name for one in unknown} - {one.feature.name for one in taken}
    features = [
        one.model_copy(update={"takes_unknown": False}) if one.name in refused else one for one in signature.features
    ]
    mutated = table_of(few, [*known, *taken])
    rows = {name: np.concatenate([sample[name], mutated[name]]) for name in sample}
    return rows, signature.model_copy(update={"features": features})


def predictable(original: Engine, few: Columns, mutations: Sequence[Mutation], signature: Signature) -> list[Mutation]:
    """List the mutations that an estimator can predict, by halves: most often it is all of them."""
    wanted = everything(signature)
    most = max(MIN_ASKED, min(MAX_ASKED, MAX_COLUMNS_ASKED // len(few)))

    def ask(part: range) -> None:
        original.predict(table_of(few, mutations[part.start : part.stop]), wanted)

    return [mutations[place] for place in halve(ask, range(len(mutations)), most).passed]


def table_of(few: Columns, mutations: Sequence[Mutation]) -> Columns:
    """Repeat the rows for each mutation, and change them."""
    size = n_rows(few)
    table = {name: np.tile(values, len(mutations)) for name, values in few.items()}
    for place, (feature, value) in enumerate(mutations):
        table[feature.name][place * size : (place + 1) * size] = column(feature, [value])
    return table


def _values(feature: Feature, sample: np.ndarray[Any, Any]) -> Iterator[object]:
    if feature.nullable:
        yield None
    if feature.max_length is not None:
        yield from odd_texts(sample.tolist(), feature.max_length)
    if feature.categories is not None:
        yield from feature.categories[:MAX_CATEGORIES]
    elif isinstance(feature.minimum, float) and isinstance(feature.maximum, float):
        span = feature.maximum - feature.minimum
        yield from (feature.minimum - span, feature.minimum, feature.maximum, feature.maximum + span)
    elif feature.type == "datetime":
        yield from (feature.minimum, feature.maximum)
    elif feature.type == "boolean":
        yield from (False, True)


def _unknown(feature: Feature) -> object:
    return feature.maximum + 1 if isinstance(feature.maximum, float) else UNKNOWN
