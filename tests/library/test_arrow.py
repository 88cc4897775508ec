"""Columns of Arrow, typed by the signature, whatever type of theirs says the same."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from modelapi.records.arrow import ArrowParser
from modelapi.records.faults import InvalidRecords
from modelapi.signature import Feature

FEATURES = [
    Feature(name="number", type="number", dtype="float64", nullable=True, example=1.5),
    Feature(name="whole", type="integer", dtype="int64", nullable=False, example=1),
    Feature(name="flag", type="boolean", dtype="bool", nullable=True, example=True),
    Feature(name="kind", type="string", dtype="str", nullable=True, categories=["a", "b"], example="a"),
    Feature(name="said", type="text", dtype="str", nullable=True, max_length=3, fill="", example="so"),
    Feature(name="when", type="datetime", dtype="datetime64[ns]", nullable=True, example="2026-01-02"),
]


def parse(name: str, values: Any) -> np.ndarray[Any, Any]:
    features = [feature for feature in FEATURES if feature.name == name]
    batch = pa.record_batch({name: values})
    return ArrowParser(features, batch.schema).parse(batch, 5)[name]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("number", pa.array([1.5, None, float("nan")]), [1.5, None, None]),
        ("number", pa.array([1, None], pa.uint8()), [1.0, None]),
        ("number", pa.array([Decimal("1.50"), None]), [1.5, None]),
        ("number", pa.array([1.5], pa.float16()), [1.5]),
        ("number", pa.array([2, None, 2]).dictionary_encode(), [2.0, None, 2.0]),
        ("number", pa.nulls(2), [None, None]),
        ("number", pa.array([None, None], pa.string()), [None, None]),
        ("whole", pa.array([3.0]), [3.0]),
        ("flag", pa.array([True, None]), [True, None]),
        ("kind", pa.array(["a", None, "b"]), ["a", None, "b"]),
        ("kind", pa.array(["a", None, "b"]).dictionary_encode(), ["a", None, "b"]),
        ("kind", pa.DictionaryArray.from_arrays([0, 2, 2], ["a", "x", None, "y", "z"]), ["a", None, None]),
        ("kind", pa.array(["a"], pa.large_string()), ["a"]),
        ("kind", pa.array(["a"], pa.string_view()), ["a"]),
        ("kind", pa.array([float("nan")]), [None]),
        ("said", pa.array(["so", None, ""]), ["so", "", ""]),
        ("said", pa.array([42]), ["42"]),
        ("when", pa.array([date(2026, 1, 2), None]), [datetime(2026, 1, 2), None]),
        ("when", pa.array([datetime(2026, 1, 2, 3)], pa.timestamp("ns", "Europe/Berlin")), [datetime(2026, 1, 2, 3)]),
        ("when", pa.array(["2026-01-02T03:00:00+01:00"]), [datetime(2026, 1, 2, 2)]),
    ],
)
def test_a_value_is_read_whatever_type_it_has(name: str, values: Any, expected: list[object]) -> None:
    found = parse(name, values).tolist()

    assert [None if value != value else value for value in found] == expected


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("number", pa.array([float("inf")]), "must be a number of at most"),
        ("number", pa.array(["1"]), "must be a number of at most"),
        ("number", pa.array([True]), "must be a number of at most"),
        ("whole", pa.array([1.5]), "must be a whole number"),
        ("whole", pa.array([2**53]), "must be a whole number"),
        ("whole", pa.array([None], pa.int8()), "is null: it must be a whole number"),
        ("flag", pa.array([1]), "must be true or false"),
        ("kind", pa.array(["x"]), "must be one of: a, b"),
        ("kind", pa.DictionaryArray.from_arrays([1], ["a", "x", "y"]), "must be one of: a, b"),
        ("said", pa.array(["long"]), "must be a text of at most 3"),
        ("when", pa.array([2**62], pa.timestamp("s")), "must be a date or time"),
        ("when", pa.array([datetime(2262, 1, 1)]), "must be a date or time"),
        ("when", pa.array(["soon"]), "must be a date or time"),
    ],
)
def test_a_value_that_is_none_of_the_feature_is_a_fault(name: str, values: Any, said: str) -> None:
    with pytest.raises(InvalidRecords) as raised:
        parse(name, values)

    (fault,) = raised.value.faults
    assert fault.location == (5, name)
    assert fault.detail.startswith(said)


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int8()), pa.struct([]), pa.binary(), pa.dictionary(pa.int8(), pa.binary())]
)
def test_a_column_of_other_things_is_a_fault_of_the_column(kind: Any) -> None:
    with pytest.raises(InvalidRecords) as raised:
        parse("kind", pa.array([], kind))

    assert raised.value.faults[0].location == ("kind",)
