"""Records are parsed strictly, and what is wrong with them is said per field."""

import json
from typing import Any

import numpy as np
import pytest

from model.records import (
    MAX_ERRORS,
    InvalidRecords,
    MalformedRecords,
    RecordError,
    RecordParser,
    TooManyRecords,
)
from model.signature import Feature, Signature, Target

FEATURES = [
    Feature(name="weight", type="number", nullable=True, minimum=1, maximum=9, example=4.5),
    Feature(name="age", type="integer", nullable=False, minimum=1, maximum=9, example=3),
    Feature(name="indoor", type="boolean", nullable=False, example=True),
    Feature(name="fur/color", type="string", nullable=False, categories=["black", "white"], example="black"),
    Feature(name="note", type="string", nullable=True, example="none"),
]
SIGNATURE = Signature(
    features=FEATURES,
    target=Target(name="kind", type="string", classes=["cat", "dog"]),
    task="binary",
    probabilities=True,
    n_samples=10,
)
GOOD: dict[str, Any] = {"weight": 4.5, "age": 3, "indoor": True, "fur/color": "black", "note": "n"}
PARSER = RecordParser(SIGNATURE, max_rows=10_000)


def errors_of(record: object) -> list[RecordError]:
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_json(json.dumps(record).encode())
    return list(caught.value.errors)


def test_columns_are_typed_and_in_the_order_of_the_signature() -> None:
    columns = PARSER.parse_json(json.dumps([GOOD, {**GOOD, "weight": None, "age": 4.0}]).encode())

    assert list(columns) == [feature.name for feature in FEATURES]
    np.testing.assert_array_equal(columns["weight"], [4.5, np.nan])
    np.testing.assert_array_equal(columns["age"], [3.0, 4.0])
    assert columns["indoor"].tolist() == [True, True]


def test_nullable_features_may_be_left_out() -> None:
    record = {name: value for name, value in GOOD.items() if name not in ("weight", "note")}

    columns = PARSER.parse_json(json.dumps(record).encode())

    assert np.isnan(columns["weight"][0])
    assert columns["note"][0] is None


@pytest.mark.parametrize(
    ("name", "value", "pointer", "detail"),
    [
        ("weight", "4.5", "/weight", "must be a finite number or null"),
        ("weight", True, "/weight", "must be a finite number or null"),
        ("age", 3.5, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("age", None, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("age", 2**53, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("age", True, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("indoor", 1, "/indoor", "must be true or false"),
        ("indoor", "true", "/indoor", "must be true or false"),
        ("fur/color", "red", "/fur~1color", "must be one of: black, white"),
        ("fur/color", '"black"', "/fur~1color", "must be one of: black, white"),
        ("note", 3, "/note", "must be a string or null"),
    ],
)
def test_a_wrong_value_is_told_what_is_allowed(name: str, value: object, pointer: str, detail: str) -> None:
    assert errors_of({**GOOD, name: value}) == [RecordError(pointer, detail)]


def test_a_missing_field_is_told_what_is_allowed() -> None:
    record = {name: value for name, value in GOOD.items() if name != "indoor"}

    assert errors_of([GOOD, record]) == [RecordError("/1/indoor", "is missing: it must be true or false")]


def test_an_unknown_field_is_told_the_known_ones() -> None:
    (error,) = errors_of({**GOOD, "colour": 1})

    assert error.pointer == "/colour"
    assert error.detail == "is not a feature of this model, which are: weight, age, indoor, fur/color, note"


def test_a_number_too_large_for_a_float_is_no_syntax_error() -> None:
    body = json.dumps(GOOD).replace("4.5", "1e999").encode()

    with pytest.raises(InvalidRecords):
        PARSER.parse_json(body)


def test_a_nan_in_any_place_is_a_syntax_error() -> None:
    for name in GOOD:
        body = json.dumps({**GOOD, name: float("nan")}).encode()

        with pytest.raises(MalformedRecords, match=r"^the body is not valid JSON at line 1 column \d+$"):
            PARSER.parse_json(body)


def test_many_faults_are_counted_but_not_all_listed() -> None:
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_json(b"[" + b",".join([b"{}"] * 1_000) + b"]")

    assert caught.value.count == 3_000
    assert len(caught.value.errors) == MAX_ERRORS


def test_a_long_list_of_categories_is_cut_in_messages() -> None:
    categories = [f"c{number:03}" for number in range(100)]
    feature = Feature(name="many", type="string", nullable=False, categories=categories, example="c000")
    parser = RecordParser(SIGNATURE.model_copy(update={"features": [feature]}), max_rows=1)

    with pytest.raises(InvalidRecords) as caught:
        parser.parse_json(b'{"many": "x"}')

    assert caught.value.errors[0].detail.endswith("c019 and 80 more that GET /model lists")


def test_rows_over_the_limit_are_too_many() -> None:
    parser = RecordParser(SIGNATURE, max_rows=1)

    with pytest.raises(TooManyRecords, match=r"^a request may hold at most 1 records"):
        parser.parse_json(json.dumps([GOOD, GOOD]).encode())


def test_text_is_read_by_the_types_of_the_signature() -> None:
    columns = PARSER.parse_text([{"weight": "", "age": "3.0", "indoor": "TRUE", "fur/color": "black", "note": "3"}])

    assert np.isnan(columns["weight"][0])
    assert (columns["age"][0], columns["indoor"][0], columns["note"][0]) == (3.0, True, "3")


def test_text_that_does_not_fit_is_reported_like_json() -> None:
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_text([{"weight": "heavy", "age": "", "indoor": "yes", "fur/color": "black"}])

    assert [error.pointer for error in caught.value.errors] == ["/0/weight", "/0/age", "/0/indoor"]
