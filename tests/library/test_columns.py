"""Dates become the numbers that an estimator takes."""

from datetime import datetime

import numpy as np
import pytest
from modelapi.engines.frames import to_frame
from modelapi.records.columns import PARTS, column, expand
from modelapi.signature import Feature


def feature(parts: list[str] | None) -> Feature:
    return Feature(name="when", type="datetime", dtype="float64", nullable=True, parts=parts, example="2026-11-21")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 21, 8, 30),
        datetime(2024, 2, 29, 23, 59, 59),
        datetime(2000, 1, 1),
        datetime(1969, 12, 31, 23),
        datetime(1899, 3, 1, 1, 2, 3, 4),
    ],
)
def test_the_parts_of_a_date_are_those_of_the_calendar(moment: datetime) -> None:
    values = column(feature(None), [moment, None])

    parts = expand({"when": values}, [feature(list(PARTS))])

    assert all(array.dtype == np.float64 and np.isnan(array[1]) for array in parts.values())
    assert {name: array[0] for name, array in parts.items()} == {
        "when.elapsed_days": pytest.approx((moment - datetime(1970, 1, 1)).total_seconds() / 86_400),
        "when.year": moment.year,
        "when.month": moment.month,
        "when.day": moment.day,
        "when.weekday": moment.weekday(),
        "when.hour": moment.hour,
    }


def test_a_date_without_parts_stays_one() -> None:
    values = column(feature(None), [datetime(2026, 11, 21)])

    assert expand({"when": values}, [feature(None)])["when"].dtype == np.dtype("datetime64[us]")


@pytest.mark.parametrize("dtype", ["float16", "float32", "Float32"])
def test_a_number_is_one_value_however_many_digits_of_it_are_written(dtype: str) -> None:
    weight = Feature(name="weight", type="number", dtype=dtype, nullable=True, example=1)
    short = np.dtype(dtype.lower()).type(0.1)

    values = column(weight, [float(str(short)), float(short), None, 1e38])

    assert values[0] == values[1] == float(short)
    assert np.isnan(values[2])
    assert np.isfinite(values[3])


@pytest.mark.parametrize(("dtype", "value"), [("int8", 300), ("uint8", -1), ("uint16", 70_000), ("int32", 2**40)])
def test_a_number_that_the_dtype_of_training_cannot_hold_is_no_other_number(dtype: str, value: int) -> None:
    count = Feature(name="count", type="integer", dtype=dtype, nullable=False, example=1)

    frame = to_frame({"count": column(count, [1, value])}, [count])

    assert frame["count"].tolist() == [1, value]
    assert to_frame({"count": column(count, [1])}, [count])["count"].dtype == dtype
