"""Records are parsed strictly, and what is wrong with them is said per field."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from modelapi.records.faults import InvalidRecords, MalformedRecords, TooManyRecords
from modelapi.records.parser import MAX_FAULTS, RecordParser
from modelapi.signature import Feature, Signature, Target

FEATURES = [
    Feature(name="weight", type="number", dtype="float64", nullable=True, minimum=1, maximum=9, example=4.5),
    Feature(name="age", type="integer", dtype="int64", nullable=False, minimum=1, maximum=9, example=3),
    Feature(name="legs", type="integer", dtype="int64", nullable=False, categories=[3, 4], example=4),
    Feature(name="indoor", type="boolean", dtype="bool", nullable=False, example=True),
    Feature(
        name="fur/color", type="string", dtype="str", nullable=False, categories=["black", "white"], example="black"
    ),
    Feature(name="note", type="string", dtype="str", nullable=True, example="none"),
    Feature(name="born", type="datetime", dtype="datetime64[us]", nullable=True, example="2026-11-21"),
]
SIGNATURE = Signature(
    features=FEATURES,
    target=Target(name="kind", type="string", classes=["cat", "dog"]),
    task="binary",
    probabilities=True,
    n_samples=10,
)
GOOD: dict[str, Any] = {
    "weight": 4.5,
    "age": 3,
    "legs": 4,
    "indoor": True,
    "fur/color": "black",
    "note": "n",
    "born": "2026-11-21",
}
ISO = "(2026-11-21, 2026-11-21T08:30:00), from 1678 to 2261"
NAN = r"^the body is not valid JSON at line 1 column \d+: NaN and Infinity are none, send null for what is not known$"
PARSER = RecordParser(SIGNATURE, max_rows=10_000, max_faults=MAX_FAULTS)


def faults_of(record: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_json(json.dumps(record).encode())
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


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
        ("weight", "4.5", "/weight", "must be a number of at most 3.4e+38 in size or null"),
        ("weight", True, "/weight", "must be a number of at most 3.4e+38 in size or null"),
        ("age", 3.5, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("age", None, "/age", "is null: it must be a whole number of at most 9007199254740991 in size"),
        ("age", 2**53, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("age", True, "/age", "must be a whole number of at most 9007199254740991 in size"),
        ("indoor", 1, "/indoor", "must be true or false"),
        ("indoor", "true", "/indoor", "must be true or false"),
        ("fur/color", "red", "/fur~1color", "must be one of: black, white"),
        ("fur/color", '"black"', "/fur~1color", "must be one of: black, white"),
        ("legs", 5, "/legs", "must be one of: 3, 4"),
        ("legs", True, "/legs", "must be one of: 3, 4"),
        ("note", 3, "/note", "must be a string or null"),
        ("weight", 1e300, "/weight", "must be a number of at most 3.4e+38 in size or null"),
        ("born", "0001-01-01T00:00:00+05:00", "/born", f"must be a date or time as ISO 8601 writes it {ISO} or null"),
        ("born", "9999-12-31T23:00:00-05:00", "/born", f"must be a date or time as ISO 8601 writes it {ISO} or null"),
        ("born", "21.11.2026", "/born", f"must be a date or time as ISO 8601 writes it {ISO} or null"),
        ("born", 1_700_000_000, "/born", f"must be a date or time as ISO 8601 writes it {ISO} or null"),
    ],
)
def test_a_wrong_value_is_told_what_is_allowed(name: str, value: object, pointer: str, detail: str) -> None:
    assert faults_of({**GOOD, name: value}) == [(pointer, detail)]


def test_a_missing_field_is_told_what_is_allowed() -> None:
    record = {name: value for name, value in GOOD.items() if name != "indoor"}

    assert faults_of([GOOD, record]) == [("/1/indoor", "is missing: it must be true or false")]


def test_an_unknown_field_is_told_the_known_ones() -> None:
    ((pointer, detail),) = faults_of({**GOOD, "colour": 1})

    assert pointer == "/colour"
    assert detail.startswith("is not a feature of this model, which are: weight, age, legs, indoor,")


@pytest.mark.parametrize(
    ("record", "remedies"),
    [
        ({**GOOD, "fur/color": "red", "legs": 5}, ["UNKNOWN_CATEGORIES=ignore allows other categories"]),
        ({**GOOD, "other": 1}, ["UNKNOWN_FIELDS=ignore"]),
        ({**GOOD, "age": None}, ["gaps in the table of training"]),
        ({**GOOD, "indoor": 1}, []),
    ],
)
def test_the_whole_names_once_what_would_let_it_pass(record: dict[str, Any], remedies: list[str]) -> None:
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_json(json.dumps([record, record]).encode())

    said = str(caught.value)
    every = (
        "UNKNOWN_CATEGORIES=ignore allows other categories",
        "UNKNOWN_FIELDS=ignore",
        "gaps in the table of training",
    )
    assert [said.count(one) for one in every] == [one in remedies for one in every]


def test_a_number_too_large_for_a_float_is_no_syntax_error() -> None:
    body = json.dumps(GOOD).replace("4.5", "1e999").encode()

    with pytest.raises(InvalidRecords):
        PARSER.parse_json(body)


def test_a_nan_in_any_place_is_a_syntax_error() -> None:
    for name in ("weight", "age", "note"):
        body = json.dumps({**GOOD, name: float("nan")}).encode()

        with pytest.raises(MalformedRecords, match=NAN):
            PARSER.parse_json(body)


def test_many_faults_are_counted_but_not_all_listed() -> None:
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_json(b"[" + b",".join([b"{}"] * 1_000) + b"]")

    assert caught.value.count == 4_000
    assert len(caught.value.faults) == MAX_FAULTS


def test_a_long_list_of_categories_is_cut_in_messages() -> None:
    categories: list[Any] = [f"c{number:03}" for number in range(100)]
    feature = Feature(name="many", type="string", dtype="str", nullable=False, categories=categories, example="c000")
    parser = RecordParser(SIGNATURE.model_copy(update={"features": [feature]}), max_rows=1)

    with pytest.raises(InvalidRecords) as caught:
        parser.parse_json(b'{"many": "x"}')

    assert caught.value.faults[0].detail.endswith("c019 and 80 more that GET /model lists")


def test_rows_over_the_limit_are_too_many() -> None:
    parser = RecordParser(SIGNATURE, max_rows=1)

    with pytest.raises(TooManyRecords, match=r"^a request may hold at most 1 records"):
        parser.parse_json(json.dumps([GOOD, GOOD]).encode())


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21", "2026-11-21T00:00:00"),
        ("2026-11-21T08:30", "2026-11-21T08:30:00"),
        ("2026-11-21T08:30:00+02:00", "2026-11-21T06:30:00"),
        ("2026-11-21T08:30:00Z", "2026-11-21T08:30:00"),
    ],
)
def test_dates_are_read_as_utc(text: str, moment: str) -> None:
    columns = PARSER.parse_json(json.dumps([{**GOOD, "born": text}, {**GOOD, "born": None}]).encode())

    assert columns["born"].dtype == np.dtype("datetime64[us]")
    assert columns["born"][0] == np.datetime64(moment)
    assert np.isnat(columns["born"][1])


def test_a_category_that_the_model_cannot_take_is_refused_under_any_policy() -> None:
    closed = FEATURES[4].model_copy(update={"takes_unknown": False})
    parsers = [
        RecordParser(SIGNATURE.model_copy(update={"features": [feature]}), unknown_categories="ignore")
        for feature in (FEATURES[4], closed)
    ]

    assert parsers[0].parse_json(b'{"fur/color": "red"}')["fur/color"].tolist() == ["red"]
    with pytest.raises(InvalidRecords):
        parsers[1].parse_json(b'{"fur/color": "red"}')


def test_lines_are_records_of_their_own() -> None:
    lines = [json.dumps({**GOOD, "age": age}).encode() for age in (1, 2)]

    assert PARSER.parse_lines(lines)["age"].tolist() == [1.0, 2.0]


def test_every_fault_of_the_lines_is_reported_with_its_row() -> None:
    lines = [json.dumps(record).encode() for record in (GOOD, {**GOOD, "age": "x"}, 3, {**GOOD, "indoor": 1})]

    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_lines(lines, start=10)

    assert [fault.pointer for fault in caught.value.faults] == ["/11/age", "/12", "/13/indoor"]


@pytest.mark.parametrize("line", [b"{", b"{} {}", b'{"age": NaN}', b"\xff", b'{"a": 1}, {"a": 2}'])
def test_a_line_that_is_no_json_is_named(line: bytes) -> None:
    with pytest.raises(MalformedRecords, match=r"^row 8 is not valid JSON(: NaN and Infinity are none, .*)?$"):
        PARSER.parse_lines([json.dumps(GOOD).encode(), line], start=6)


def test_python_values_are_checked_alike() -> None:
    assert PARSER.parse_values([GOOD, GOOD])["age"].tolist() == [3.0, 3.0]

    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_values([GOOD, {**GOOD, "legs": 5}], start=100)

    assert [fault.pointer for fault in caught.value.faults] == ["/101/legs"]


def test_millions_of_faults_are_counted_and_not_kept() -> None:
    tracemalloc.start()
    with pytest.raises(InvalidRecords) as caught:
        PARSER.parse_json(b"[" + b",".join([b"{}"] * 9_999) + b"]")
    with pytest.raises(InvalidRecords) as of_one:
        PARSER.parse_json(b"{" + b",".join(b'"x%d":1' % number for number in range(10_000)) + b"}")
    with pytest.raises(InvalidRecords) as of_lines:
        PARSER.parse_lines([b"{}"] * 9_999)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert caught.value.count == of_lines.value.count == 9_999 * 4
    assert of_one.value.count == 10_000 + 4
    assert {len(one.value.faults) for one in (caught, of_one, of_lines)} == {MAX_FAULTS}
    assert peak < 60_000_000


def test_a_date_may_be_written_as_in_the_table_of_training() -> None:
    born = FEATURES[6].model_copy(update={"format": "%d.%m.%Y"})
    parser = RecordParser(SIGNATURE.model_copy(update={"features": [born]}))

    assert parser.parse_json(b'{"born": "21.11.2026"}')["born"][0] == np.datetime64("2026-11-21")
    with pytest.raises(InvalidRecords) as caught:
        parser.parse_json(b'{"born": "31.02.2026"}')
    assert caught.value.faults[0].detail.endswith(" or %d.%m.%Y or null")
