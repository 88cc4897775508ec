"""Rows of text are typed by the signature, and what is wrong with them is said per cell."""

import numpy as np
import pytest
from modelapi.records.cells import CellParser
from modelapi.records.faults import InvalidRecords, MalformedRecords
from modelapi.signature import Notation

from tests.library.test_records import FEATURES

HEADER = ["age", "legs", "indoor", "fur/color", "note", "born", "weight"]
ROW = ["3.0", "4", "TRUE", "black", "3", "2026-11-21", "1e2"]


def with_cell(name: str, cell: str) -> list[str]:
    return [cell if column == name else own for column, own in zip(HEADER, ROW, strict=True)]


def test_cells_are_read_by_the_types_of_the_signature() -> None:
    columns = CellParser(FEATURES, HEADER).parse([ROW, with_cell("weight", "NA")])

    assert list(columns) == [feature.name for feature in FEATURES]
    np.testing.assert_array_equal(columns["weight"], [100, np.nan])
    assert columns["age"].tolist() == [3.0, 3.0]
    assert columns["indoor"].tolist() == [True, True]
    assert columns["note"].tolist() == ["3", "3"]
    assert columns["born"][0] == np.datetime64("2026-11-21")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("age", "3.5"),
        ("age", "three"),
        ("age", "9007199254740993"),
        ("weight", "inf"),
        ("weight", "1_000"),
        ("weight", "1e39"),
        ("weight", "\uff11\uff12"),
        ("weight", "1,5"),
        ("legs", "5"),
        ("indoor", "yes"),
        ("fur/color", "red"),
        ("born", "21.11.2026"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_with_its_row(name: str, cell: str) -> None:
    with pytest.raises(InvalidRecords) as caught:
        CellParser(FEATURES, HEADER).parse([ROW, with_cell(name, cell)], start=10)

    (fault,) = caught.value.faults
    assert fault.location == (11, name)
    assert fault.detail.startswith("must be ")
    assert cell not in fault.detail.split()


def test_an_empty_cell_is_missing_and_only_some_may_be() -> None:
    with pytest.raises(InvalidRecords) as caught:
        CellParser(FEATURES, HEADER).parse([[""] * len(HEADER)])

    assert [fault.location[1] for fault in caught.value.faults] == ["age", "legs", "indoor", "fur/color"]
    assert all(fault.detail.startswith("is missing: it must be") for fault in caught.value.faults)


def test_a_category_may_be_called_as_missing_values_are() -> None:
    feature = FEATURES[4].model_copy(update={"categories": ["None", "black"]})

    assert CellParser([feature], ["fur/color"]).parse([["None"]])["fur/color"].tolist() == ["None"]


def test_a_date_may_be_written_as_in_the_table_of_training() -> None:
    feature = FEATURES[6].model_copy(update={"format": "%d.%m.%Y"})

    columns = CellParser([feature], ["born"]).parse([["21.11.2026"], ["2026-11-22"]])

    assert columns["born"].astype(str).tolist() == ["2026-11-21T00:00:00.000000", "2026-11-22T00:00:00.000000"]


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        (["age", "legs", "indoor"], {"fur/color": "is missing: it must be one of: black, white"}),
        ([*HEADER, "age"], {"age": "is there twice"}),
        ([*HEADER, "other"], {"other": "is not a feature of this model"}),
    ],
)
def test_a_header_that_does_not_fit_is_refused(header: list[str], faults: dict[str, str]) -> None:
    with pytest.raises(InvalidRecords) as caught:
        CellParser(FEATURES, header, unknown_fields="refuse")

    assert {fault.pointer.replace("~1", "/").lstrip("/") for fault in caught.value.faults} == faults.keys()
    assert all(fault.detail.startswith(faults[str(fault.location[0])]) for fault in caught.value.faults)


def test_columns_that_are_no_features_can_be_ignored() -> None:
    parser = CellParser([FEATURES[1]], ["other", "age"], unknown_fields="ignore")

    assert parser.parse([["x", "3"]])["age"].tolist() == [3.0]


def test_an_unknown_category_can_be_ignored() -> None:
    parser = CellParser([FEATURES[4]], ["fur/color"], unknown_categories="ignore")

    assert parser.parse([["red"]])["fur/color"].tolist() == ["red"]


def test_a_row_in_place_of_a_header_is_not_repeated() -> None:
    with pytest.raises(
        MalformedRecords, match=r"^the first line names no feature of this model, separated as expected: weight, age"
    ):
        CellParser(FEATURES, ["3.0", "4", "TRUE"])


def test_faults_of_a_header_are_bounded_like_those_of_rows() -> None:
    header = ["age", *(f"{'x' * 50}{number}" for number in range(200_000))]

    with pytest.raises(InvalidRecords) as caught:
        CellParser(FEATURES, header, unknown_fields="refuse", max_faults=1_000)

    assert caught.value.count > 200_000
    assert len(caught.value.faults) <= 1_000
    assert sum(len(fault.pointer) + len(fault.detail) for fault in caught.value.faults) < 210_000


def test_blanks_around_cells_and_names_are_none() -> None:
    parser = CellParser(FEATURES, [f" {name}" for name in HEADER])

    columns = parser.parse([[f" {cell} " for cell in ROW], [" 3", "4", "true", "black", "", " ", " NA "]])

    assert columns["fur/color"].tolist() == ["black", "black"]
    assert columns["age"].tolist() == [3.0, 3.0]
    np.testing.assert_array_equal(columns["weight"], [100, np.nan])


def test_numbers_are_read_as_the_table_of_training_writes_them_or_plainly() -> None:
    price = FEATURES[0].model_copy(update={"notation": Notation(thousands=",", before="$"), "gaps": ["?"]})
    size = FEATURES[0].model_copy(update={"notation": Notation(decimal=",", thousands=".", after="m²")})

    prices = CellParser([price], ["weight"]).parse([["$1,234.5"], ["-$7"], ["($7)"], ["1234.5"], ["?"], ["NA"]])
    sizes = CellParser([size], ["weight"]).parse([["1.234,5 m²"], ["7m²"], ["1.234"], ["12,5"]])

    np.testing.assert_array_equal(prices["weight"], [1234.5, -7, -7, 1234.5, np.nan, np.nan])
    assert sizes["weight"].tolist() == [1234.5, 7, 1234, 12.5]
    for parser, cell in ((price, "€5"), (price, "1,23"), (size, "1.5"), (size, "1,234.5"), (size, "5 kg")):
        with pytest.raises(InvalidRecords):
            CellParser([parser], ["weight"]).parse([[cell]])


def test_a_column_without_a_name_is_ignored() -> None:
    parser = CellParser([FEATURES[1]], ["", "age"], unknown_fields="refuse")

    assert parser.parse([["7", "3"]])["age"].tolist() == [3.0]
