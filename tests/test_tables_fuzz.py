"""Tables that nobody thought of: they train and serve, or one line says why not; no number is another than pandas'."""

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Ask

READ, TRAINED = 150, 10  # Tables; 60 times as many with --soak 60.
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]
MARKS = ["", " ", "NA", "?", "-", "n/a", "None", "null", "unknown", "*", "nan"]
NAMES = st.text("abcXYZ 0123_.-$()%éß'\",;|\t#\n", max_size=8)
TEXT = st.text(st.characters(codec="cp1252", exclude_characters="\0\r\n\x1a"), max_size=12)
KINDS: list[st.SearchStrategy[str]] = [
    st.integers(-(10**6), 10**6).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(-1e30, 1e30).map(repr),
    st.sampled_from(["0", "1"]),
    st.sampled_from(["a", "b", "c", "No", "No ", " Yes", "YES"]),
    st.sampled_from(["True", "False", "TRUE", "false"]),
    st.decimals(0, 10**6, places=2).map(lambda number: f"${number:,}"),
    st.decimals(0, 10**6, places=2).map(lambda number: f"{number:,}".translate(str.maketrans(",.", ".,"))),
    st.integers(0, 100).map(lambda number: f"{number}%"),
    st.integers(0, 10**6).map(lambda number: f"{number:,}"),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%d/%m/%Y %H:%M")),
    st.datetimes().map(lambda moment: moment.strftime("%b %d, %Y")),
    st.times().map(lambda time: time.strftime("%H:%M")),
    st.integers(0, 99_999).map(lambda number: f"{number:05}"),
    TEXT,
]


@st.composite
def columns(draw: st.DrawFn, rows: int) -> list[str]:
    kind = draw(st.sampled_from(KINDS))
    cells = kind if draw(st.booleans()) else st.one_of(*[kind] * 9, st.sampled_from(MARKS))
    return draw(st.lists(cells, min_size=rows, max_size=rows))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    rows = draw(st.integers(1, 30))
    header = draw(st.lists(NAMES, min_size=2, max_size=5, unique_by=str.strip))
    return header, [list(row) for row in zip(*[draw(columns(rows)) for _ in header], strict=True)]


def written(table: tuple[list[str], list[list[str]]], separator: str, quoting: int) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\n").writerows([table[0], *table[1]])
    return text.getvalue()


def test_tables_are_read_as_pandas_reads_them_or_as_is_said(ask: Ask, tmp_path: Path, soak: int) -> None:
    path = tmp_path / "table.csv"

    @settings(max_examples=READ * soak, deadline=None, derandomize=soak == 1, suppress_health_check=list(HealthCheck))
    @given(
        tables(),
        st.sampled_from(list(SEPARATORS)),
        st.sampled_from(ENCODINGS),
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    def check(table: tuple[list[str], list[list[str]]], separator: str, encoding: str, quoting: int) -> None:
        text = written(table, SEPARATORS[separator], quoting)
        path.write_bytes(text.encode(encoding, "replace"))

        answer = ask(path=path)

        if "refused" in answer:
            assert "\n" not in answer["refused"] or any("\n" in name for name in table[0])
            return
        for name, column in answer["columns"].items():
            assert column.get("same", True), (name, column, table[1])
        if answer["how"].startswith(f"separated by {separator}"):
            compare(text, SEPARATORS[separator], answer["columns"])

    check()


def compare(text: str, separator: str, found: dict[str, Any]) -> None:
    """Compare numbers with pandas': they are the same, or a thousand times as large where commas are decimal ones."""
    plain = pd.read_csv(io.StringIO(text), sep=separator, index_col=False, skip_blank_lines=True)
    if len(plain.columns) != len(found):
        return
    for (name, column), own in zip(found.items(), plain.columns, strict=True):
        kinds = column["dtype"] in ("Int64", "Float64") and plain[own].dtype.kind in "if"
        if not kinds or len(plain) != len(column["values"]):
            continue
        for cell, number in zip(column["values"], plain[own], strict=True):
            assert (cell is None) == pd.isna(number), (name, cell, number)
            assert cell is None or float(cell) == number or float(cell) == number * 1000, (name, cell, number)


def test_small_tables_train_and_serve_or_one_line_says_why_not(ask: Ask, tmp_path: Path, soak: int) -> None:
    path = tmp_path / "table.csv"

    @settings(
        max_examples=TRAINED * soak, deadline=None, derandomize=soak == 1, suppress_health_check=list(HealthCheck)
    )
    @given(tables(), st.booleans())
    def check(table: tuple[list[str], list[list[str]]], labels: bool) -> None:
        header, rows = [*table[0], "target"], (table[1] * 60)[:60]
        own = [[*row, "ab"[place % 2] if labels else str(place * place % 61 / 4)] for place, row in enumerate(rows)]
        path.write_text(written((header, own), ",", csv.QUOTE_MINIMAL), encoding="utf-8", newline="")

        answer = ask(path=path, target="target", models=tmp_path / "models")

        if "refused" in answer:
            assert answer["refused"].startswith("Not trained: ")
            assert "\n" not in answer["refused"] or any("\n" in name for name in header)

    check()
