"""What columns of text hold: numbers, dates, gaps and categories as people write them, in training as in serving."""

from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from modelapi.records.cells import CellParser
from modelapi.training.choose import describe
from modelapi.training.features import to_columns
from modelapi.training.kinds import Hints
from modelapi.training.values import Values, read_values

NUMBERS = [str(number / 4) for number in range(100, 160)]


def read(*cells: str | None, hints: Hints | None = None, target: bool = False) -> Values:
    """Read one column of a table, as of a feature or a target."""
    table = pd.DataFrame({"x": pd.Series(cells, dtype="string").mask(lambda own: own == "")})
    return read_values(table, hints or Hints(), ["x"] if target else [])["x"]


def listed(values: Values) -> list[Any]:
    return values.values.astype(object).where(values.values.notna(), None).tolist()


@pytest.mark.parametrize("mark", ["?", "-", " ", "n/a", "N/A", "unknown", "*", "Missing", ".", "#DIV/0!", "see note"])
def test_odd_marks_among_numbers_are_gaps(mark: str) -> None:
    column = read(*NUMBERS, mark, mark)

    assert listed(column) == [*map(float, NUMBERS), None, None]
    if mark not in ("n/a", "N/A"):  # These are gaps in any table, and in pandas.
        assert column.how.endswith(" as gaps (2 cells)")


@pytest.mark.parametrize(
    "cells",
    [
        ["0", "1", "2", "3+"] * 5,
        ["1", "2", "3", "crew"] * 10,
        [*NUMBERS, *(f"V{number}" for number in range(11))],
        [*NUMBERS, *["?"] * 3, *(f"{number}+" for number in range(9))],
        ["A/5 21171", "113803", "373450"],
        ["10-20", "20-30"],
        ["192.168.0.1", "192.168.0.2"],
        ["1.2.3", "1.10.0"],
        ["1st", "2nd", "3rd"],
        ["c-1", "c-2"],
        ["5 kg", "5 g"],
        ["(1)", "(2)"],
        ["1_000", "2_000"],
    ],
)
def test_texts_that_are_values_of_their_own_stay_text(cells: list[str]) -> None:
    assert listed(read(*cells)) == cells


def test_few_numbers_with_a_usual_mark_are_numbers() -> None:
    assert listed(read(*["0", "1", "2", "?"] * 5))[:4] == [0, 1, 2, None]
    assert listed(read(*["True", "false", "?"]))[:3] == [True, False, None]


def test_marks_that_are_named_are_the_only_ones() -> None:
    hints = Hints(missing=frozenset(["?"]))

    assert listed(read("1", "?", "2", hints=hints)) == [1, None, 2]
    assert listed(read("1", "?", "NA", hints=hints)) == ["1", None, "NA"]
    assert listed(read(*["a", "?", "NA", ""] * 3, hints=hints))[:4] == ["a", None, "NA", None]
    assert listed(read("a", "NA", "", hints=Hints(missing=frozenset()), target=True)) == ["a", "NA", None]


def test_only_an_empty_cell_is_a_gap_among_labels() -> None:
    disorder = read("None", "Insomnia", "Apnea", "null", "", " ", target=True)

    assert listed(disorder) == ["None", "Insomnia", "Apnea", "null", None, None]
    assert disorder.notes[0] == "Took 'None' and 'null' for labels of x (MISSING=None,null makes gaps of them)"
    assert listed(read(*NUMBERS, "NA", target=True))[-1] is None


def test_a_mark_that_is_most_of_a_category_is_a_value() -> None:
    pool = read(*["NA", "NA", "NA", "Gd", ""] * 2)

    assert listed(pool)[:5] == ["NA", "NA", "NA", "Gd", None]
    assert pool.notes[0] == "Took 'NA' for a value of x, most of whose cells hold it"
    assert listed(read(*["NA", "Gd", "Ex"] * 3))[:3] == [None, "Gd", "Ex"]


def test_free_text_may_say_anything() -> None:
    comments = ["fine", "NA", "never again", "None"]

    assert listed(read(*comments, "")) == [*comments, None]


@pytest.mark.parametrize(
    ("cells", "numbers", "how"),
    [
        (["$1,234.56", "$7", "-$0.50"], [1234.56, 7, -0.5], "$1,234.56"),
        (["1.234,56", "7,1", "-12"], [1234.56, 7.1, -12], "1.234,56"),
        (["1 234,5", "1\u00a0234\u202f567,25"], [1234.5, 1234567.25], "1 234,56"),
        (["1'234.50", "7"], [1234.5, 7], "1'234.56"),
        (["45%", "3.5 %", "0%"], [45, 3.5, 0], "1234.56%"),
        (["(1,234)", "55", "(7)"], [-1234, 55, -7], "1,234.56 (or name what a comma is: DECIMAL=comma)"),
        (["74.5 bhp", "126 bhp"], [74.5, 126], "1234.56 bhp"),
        (["950", "1,234", "17"], [950, 1234, 17], "1,234.56 (or name what a comma is: DECIMAL=comma)"),
        (["12,34,567.50", "1,000"], [1234567.5, 1000], "1,234.56"),
        (["1.234.567", "1.000"], [1234567, 1000], "1.234,56"),
        (["1,5", "2"], [1.5, 2], "1.234,56"),
        (["USD 5", "USD 1,250.10"], [5, 1250.1], "USD1,234.56"),
        (["12 €", "7,50 €"], [12, 7.5], "1.234,56€"),
    ],
)
def test_numbers_are_read_as_they_are_written_where_all_agree(cells: list[str], numbers: list[float], how: str) -> None:
    column = read(*cells)

    assert listed(column) == numbers
    assert column.how == f"as numbers written {how}"


def test_the_decimal_mark_is_that_of_the_table() -> None:
    table = pd.DataFrame({"x": ["1,234", "5,678"], "y": ["1.234", "0.5"], "z": ["3,5", "4"]}, dtype="string")

    def x(*names: str, **hints: Any) -> float:
        return float(read_values(table[["x", *names]], Hints(**hints))["x"].values[0])

    assert [x(), x("y"), x("z"), x(semicolons=True)] == [1234, 1234, 1.234, 1.234]
    assert [x(decimal="comma"), x("z", decimal="point")] == [1.234, 1234]
    points = pd.DataFrame({"x": ["1.234", "5.678"], "z": ["3,5", "4"]}, dtype="string")
    assert read_values(points[["x"]], Hints(semicolons=True))["x"].values[0] == 1.234
    assert read_values(points, Hints())["x"].values[0] == 1234


@pytest.mark.parametrize(
    ("cells", "first", "form"),
    [
        (["March 5, 2024", "April 12, 2023"], datetime(2024, 3, 5), "%B %d, %Y"),
        (["5-Mar-24", "12-Apr-23"], datetime(2024, 3, 5), "%d-%b-%y"),
        (["Tue, 05 Mar 2024 10:00:00 GMT", "Wed, 06 Mar 2024 10:00:00 EST"], datetime(2024, 3, 5, 10), None),
        (["Tuesday, March 5, 2024", "Friday, March 8, 2024"], datetime(2024, 3, 5), None),
        (["2024-03-05 10:00:00 CET", "2024-07-05 10:00:00 CEST"], datetime(2024, 3, 5, 9), None),
        (["Tue Mar 05 10:00:00 +0000 2024", "Wed Mar 06 10:00:00 +0000 2024"], datetime(2024, 3, 5, 10), None),
        (["2024-03-05", "2024-03-05T10:00:00Z", "2024-03-05 10:00:00.25"], datetime(2024, 3, 5), None),
        (["2024-3-5", "2024-12-31"], datetime(2024, 3, 5), "%Y-%m-%d"),
        (["08:30", "23:59"], datetime(1900, 1, 1, 8, 30), "%H:%M"),
        (["8:30 PM", "11:05 AM"], datetime(1900, 1, 1, 20, 30), "%I:%M %p"),
        (["13/05/2023", "01/02/2023"], datetime(2023, 5, 13), "%d/%m/%Y"),
        (["05.06.2023 08:15", "06.07.2023 23:00"], datetime(2023, 6, 5, 8, 15), "%d.%m.%Y %H:%M"),
    ],
)
def test_dates_are_read_as_they_are_written(cells: list[str], first: datetime, form: str | None) -> None:
    column = read(*cells)

    assert column.values[0] == first
    assert not column.values.isna().any()
    assert column.dates is not None
    assert not column.dates.is_ambiguous
    assert form is None or column.dates.format == form


def test_zeros_and_the_year_1_among_dates_are_gaps() -> None:
    dates = [f"2024-03-{day:02}" for day in range(1, 31)]

    column = read(*dates, "0000-00-00", "0001-01-01")

    assert column.values.isna().sum() == 2
    assert column.how == "as dates, with '0000-00-00' and '0001-01-01' as gaps (2 cells)"


def test_what_is_first_in_a_date_is_asked_for_or_seen_in_another_column() -> None:
    table = pd.DataFrame({"x": ["06/06/2023", "01/02/2023"], "y": ["06/06/2023", "13/02/2023"]}, dtype="string")

    alone, both = read_values(table[["x"]], Hints())["x"], read_values(table, Hints())["x"]
    told = read_values(table[["x"]], Hints(dates="month-first"))["x"]

    assert alone.dates is not None
    assert alone.dates.is_ambiguous
    assert [one.dates and one.dates.format for one in (both, told)] == ["%d/%m/%Y", "%m/%d/%Y"]


def test_blanks_around_all_cells_are_none() -> None:
    assert listed(read(*[" Male", " Female", " ?"] * 3))[:3] == ["Male", "Female", "?"]
    mixed = read("No", "No ", "Yes", "YES", "yes", "Perhaps")
    assert listed(mixed) == ["No", "No ", "Yes", "YES", "yes", "Perhaps"]


def test_values_that_differ_in_blanks_or_case_only_are_told() -> None:
    mixed = read(*["No", "No ", "Yes", "YES", "yes", "Perhaps"] * 3)

    assert mixed.notes == (
        "Took 'No' beside 'No '; 'Yes' beside 'YES' in x for different, though they differ in blanks or case only",
    )


@pytest.mark.parametrize(
    ("cells", "how"),
    [
        (["01067", "80331"], "as text, for numbers do not begin with 0"),
        (["12345678901234567", "3"], "as text, for numbers of over 15 digits are identifiers"),
    ],
)
def test_codes_and_long_numbers_are_text(cells: list[str], how: str) -> None:
    assert (listed(read(*cells)), read(*cells).how) == (cells, how)


MESSY = pd.DataFrame(
    {
        "charge": [*NUMBERS[:-2], "?", " "],
        "price": ["$1,234.50", "$7", "-$3.25", "unknown"] * 15,
        "ratio": ["45%", "7.5 %", "-"] * 20,
        "size": ["1.234,5 m²", "7 m²", "12,25 m²"] * 20,
        "zip": ["01067", "80331", "04109"] * 20,
        "sex": [" Male", " Female", " ?"] * 20,
        "pool": ["NA", "NA", "Gd"] * 20,
        "cond": ["NA", "Gd", "Ex"] * 20,
        "born": ["13/05/1990", "01/02/1985", "0000-00-00"] + ["02/03/1999"] * 57,
        "sent": ["Tue, 05 Mar 2024 10:00:00 EST", "Wed, 06 Mar 2024 11:00:00 GMT"] * 30,
        "woken": ["07:30", "08:15", "?"] * 20,
        "active": ["TRUE", "false", "?"] * 20,
    }
)


def test_serving_reads_each_cell_as_training_did() -> None:
    table = MESSY.astype("string")
    read = read_values(table, Hints())
    X = pd.DataFrame({name: column.values for name, column in read.items()})
    features = describe(X, read)
    trained = to_columns(X, features)

    served = CellParser(features, list(table.columns)).parse(MESSY.to_numpy().tolist())

    assert {feature.name: feature.type for feature in features} == {
        **dict.fromkeys(("charge", "price", "ratio", "size"), "number"),
        **dict.fromkeys(("zip", "sex", "pool", "cond"), "string"),
        **dict.fromkeys(("born", "sent", "woken"), "datetime"),
        "active": "boolean",
    }
    for name, values in trained.items():
        pd.testing.assert_series_equal(pd.Series(served[name]), pd.Series(values))
