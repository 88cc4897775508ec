"""Tables as people have them: any separator and encoding, gzip, Parquet, and what is wrong with them."""

import datetime
import decimal
import gzip
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelapi.training.dialect import TableError
from modelapi.training.kinds import Hints
from modelapi.training.reading import read_table
from modelapi.training.values import read_values

TEXT = "name,size,ok\nŁódź,1.5,True\nžluť,,False\n"


def write(tmp_path: Path, content: bytes | str, name: str = "table.csv") -> Path:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / name


def read(path: Path, **options: Any) -> tuple[pd.DataFrame, str]:
    """Read a table with the types of its columns, and how it was written."""
    table = read_table(path, **options)
    columns = read_values(table.frame, Hints(is_text=table.is_text, semicolons=table.semicolons))
    return pd.DataFrame({name: column.values for name, column in columns.items()}), table.how


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (TEXT.encode(), "separated by comma, in utf-8"),
        (TEXT.replace(",", ";").encode(), "separated by semicolon, in utf-8"),
        (TEXT.replace(",", "\t").encode("utf-8-sig"), "separated by tab, in utf-8-sig"),
        (TEXT.replace(",", "|").encode("utf-16"), "separated by pipe, in utf-16"),
        (gzip.compress(TEXT.replace("\n", "\r\n").encode()), "separated by comma, in utf-8"),
    ],
)
def test_separator_encoding_and_gzip_are_detected(tmp_path: Path, content: bytes, how: str) -> None:
    table, said = read(write(tmp_path, content))

    assert said == how
    assert table["name"].tolist() == ["Łódź", "žluť"]
    assert [str(dtype) for dtype in table.dtypes] == ["string", "Float64", "boolean"]


def test_separator_is_not_taken_from_texts_and_decimals(tmp_path: Path) -> None:
    path = write(tmp_path, 'note;price\n"a, b; c, d";1,5\n"e, f";2,25\n')

    assert read(path)[0].values.tolist() == [["a, b; c, d", 1.5], ["e, f", 2.25]]


def test_western_text_is_read_and_other_encodings_are_asked_for(tmp_path: Path) -> None:
    western = write(tmp_path, "name,size\nJosé Muñoz,1\nBjörn Åkesson,2\n".encode("cp1252"), "western.csv")
    russian = write(tmp_path, "name,size\nЩюжлш,1\n".encode("cp1251"), "russian.csv")
    broken = write(tmp_path, "name,size\nJosé,1\nBjörn,2\n".encode() + b"x\xff,3\n", "broken.csv")

    table, how = read(western)
    assert (table["name"][1], how) == ("Björn Åkesson", "separated by comma, in cp1252")
    assert read(russian, encoding="cp1251")[0]["name"].tolist() == ["Щюжлш"]
    for path in (russian, broken):
        with pytest.raises(TableError, match="is not in UTF-8: name its encoding, as in ENCODING=cp1251"):
            read_table(path)


def test_missing_cells_are_those_that_scoring_takes_for_missing(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "NA,nan\n-,#N/A N/A\n,1.#INF\n" * 3)

    table, _ = read(path)

    assert table.isna().values.tolist() == [[True, True], [False, False], [True, False]] * 3


def test_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    numbers = ["0.1234567890123456789", "1.7976931348623157e308", "6.4343e-3", "87.00000000000001"]
    path = write(tmp_path, "a,b\n" + "".join(f"{number},1\n" for number in numbers))

    assert read(path)[0]["a"].tolist() == [float(number) for number in numbers]


def test_parquet_keeps_its_types_and_its_index(tmp_path: Path) -> None:
    day = datetime.date(2026, 11, 21)
    table = pd.DataFrame(
        {"i": pd.array([1, None], dtype="Int32"), "c": pd.Categorical(["a", None]), "day": [day, None]}
    )
    table["price"] = pd.Series([decimal.Decimal("1.5"), None], dtype=object)
    table["zone"] = pd.to_datetime(["2026-11-21T08:00:00+02:00"] * 2)
    table.index = pd.Index(["x", "y"], name="key")
    table.to_parquet(tmp_path / "table.parquet")

    typed, how = read(tmp_path / "table.parquet")

    assert how == "Parquet"
    assert typed.columns.tolist() == ["key", "i", "c", "day", "price", "zone"]
    assert typed.iloc[0].tolist() == ["x", 1, "a", pd.Timestamp(day), 1.5, pd.Timestamp("2026-11-21T06:00:00")]
    assert typed.iloc[1, 1:5].isna().all()


@pytest.mark.parametrize("name", ["a b", "'q\"", "ä", "x.y", "0", "", "prediction", " s "])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    pd.DataFrame({name: [1, 2], "other": [3, 4]}).to_csv(tmp_path / "table.csv", index=False)

    assert read_table(tmp_path / "table.csv").frame.columns.tolist() == [name, "other"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: name a CSV file with a header line"),
        (b"a,b\n", "has no rows below its header"),
        (b"a,b\n1,2\n1,2,3\n", "row 2 has 3 cells, but the header has 2"),
        (b"a,b\n1,2\n1\n", "row 2 has 1 cells, but the header has 2"),
        (b'a,b\n1,2\n"1,2\n', "row 2 is not valid CSV: is a quote missing?"),
        (b"a,b,a\n1,2,3\n", r"has two columns a: rename one \(or is the header line missing\?\)"),
        (b"a b\n1\n2 3\n", "has a single column, separated by comma, in utf-8: name another SEPARATOR"),
        (b"PK\x03\x04abc", "is no whole zip archive, or one with a password"),
        (b"\x1f\x8bnonsense", "is no whole gzip file"),
        (gzip.compress(b"a,b\n1,2\n" * 99)[:-9], "is no whole gzip file"),
        (b"PAR1nonsense", "is no whole Parquet file"),
        (b"a\0b\0", "holds NUL characters"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message) as refused:
        read_table(write(tmp_path, content))

    assert "\n" not in str(refused.value)


def test_what_is_named_wrongly_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,ä\n")

    refused: list[tuple[dict[str, Any], str]] = [
        ({"separator": "semicolon"}, "has a single column, separated by semicolon"),
        ({"separator": ";"}, "there is no separator ;: name one of comma, semicolon, tab, pipe, blank"),
        ({"encoding": "ascii"}, "is not in ascii: name another encoding"),
        ({"encoding": "latin-99"}, "there is no encoding latin-99"),
        ({"encoding": "hex"}, "is not in hex: name another encoding"),
    ]
    for options, message in refused:
        with pytest.raises(TableError, match=message):
            read_table(path, **options)
    with pytest.raises(TableError, match=r"cannot be read \(Is a directory\)"):
        read_table(tmp_path)
    with pytest.raises(TableError, match=r"cannot be read \(No such file or directory\)"):
        read_table(tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("content", "names", "said"),
    [
        ("Sales of 2024\n\nname,size\na,1\nb,2\n", ["name", "size"], "without 1 line above its header"),
        (
            "Sales of 2024,,\n,,\nname,size,ok\na,1,x\nb,2,y\n",
            ["name", "size", "ok"],
            "without 2 lines above its header",
        ),
        ("sep=;\r\nname;size\r\na;1,5\r\n", ["name", "size"], "separated by semicolon"),
        ("name,size,,\na,1,,\n,,,\n,,,\n", ["name", "size"], "without 2 empty rows"),
        ("name,size\na,1,\nb,2,\n", ["name", "size"], "utf-8"),
        ("name,size\na,1\nname,size\nb,2\n", ["name", "size"], "without row 2, which is the header again"),
        ('age, work\n39, State-gov\n50, "Self, emp"\n', ["age", "work"], "utf-8"),
        ("# a b\n1.5 2\n3.5 4\n", ["a", "b"], "separated by blank"),
        ("  a    b   c\n  1    2   3\n 10   20  30\n", ["a", "b", "c"], "separated by blank"),
        ('"mpg" "cyl"\n"Mazda RX4" 21 6\n"Datsun 710" 22.8 4\n', ["", "mpg", "cyl"], "the header does not name"),
        ("0,1,2\n5,6,7\n", ["0", "1", "2"], "utf-8"),
        ("2019,2020,2021\n5.5,6,7\n", ["2019", "2020", "2021"], "utf-8"),
    ],
)
def test_what_spreadsheets_and_programs_write_around_a_table_is_no_part_of_it(
    tmp_path: Path, content: str, names: list[str], said: str
) -> None:
    table = read_table(write(tmp_path, content))

    assert table.frame.columns.tolist() == names
    assert said in table.how
    assert not table.frame.isna().any(axis=None)


def test_a_cell_with_a_blank_before_its_quote_is_one(tmp_path: Path) -> None:
    path = write(tmp_path, 'age, work\n39, State-gov\n50, "Self, emp"\n')

    assert read_table(path).frame["work"].tolist() == ["State-gov", "Self, emp"]


def test_a_table_without_a_header_asks_for_names(tmp_path: Path) -> None:
    path = write(tmp_path, "1.799e+01,1.038e+01\n2.057e+01,1.777e+01\n")

    with pytest.raises(
        TableError, match="begins with a line of numbers: name its columns in a header, or by NAMES=a,b"
    ):
        read_table(path)

    table, _ = read(path, names=["a", "b"])
    assert table.to_dict("list") == {"a": [17.99, 20.57], "b": [10.38, 17.77]}


def packed(**files: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name if "/" in name else name.replace("__", "/").replace("_", "."), content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.json", b'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]'),
        ("rows.ndjson", b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'),
        ("rows.json", b'{"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}'),
        ("rows.jsonl.gz", gzip.compress(b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n')),
        ("rows.zip", packed(rows_csv="a,b\n1,x\n2,y\n")),
        ("rows.zip", packed(rows_json='[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', **{"__MACOSX/rows": "?"})),
    ],
)
def test_json_and_archives_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    table, _ = read(write(tmp_path, content, name))

    assert table.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_feather_is_read(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_feather(tmp_path / "rows.feather")

    table, how = read(tmp_path / "rows.feather")
    assert (table.to_dict("list"), how) == ({"a": [1, 2], "b": ["x", "y"]}, "Feather")


def test_a_workbook_asks_for_what_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)  # As if it were not installed.

    with pytest.raises(TableError, match=r'an Excel workbook needs openpyxl: install it by "uv pip install openpyxl"'):
        read_table(write(tmp_path, packed(xl__workbook_xml="<workbook/>"), "rows.xlsx"))


def test_a_workbook_is_read(tmp_path: Path) -> None:
    moments = [datetime.datetime(2024, 3, 5), datetime.datetime(2024, 3, 6, 10, 30)]
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None], "when": moments})
    table.to_excel(tmp_path / "rows.xlsx", index=False, sheet_name="Sales")

    typed, how = read(tmp_path / "rows.xlsx")

    assert how == "sheet Sales"
    assert typed["a"].tolist() == [1, 2]
    assert typed["b"].isna().tolist() == [False, True]
    assert typed["when"].tolist() == moments


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "rows.arff",
            b"% mine\n@RELATION x\n@attribute a numeric\n@data\n1\n",
            "is an ARFF file: save the table as CSV",
        ),
        ("rows.dta", b"<stata_dta>", r"is a Stata file: .*pandas.read_stata\(…\)"),
        ("rows.xls", b"\xd0\xcf\x11\xe0", r"is an old Excel workbook \(.xls\): save it as .xlsx or CSV"),
        ("rows.csv", b"\x89PNG\r\n\x1a\n", "is an image: save the table as a CSV or Parquet file"),
        ("rows.ods", packed(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "is an OpenDocument file"),
        ("rows.pkl", b"\x80\x04abc", "is a pickle"),
        ("rows.npy", b"\x93NUMPY", "is a NumPy array: save it as CSV with names of the columns"),
        ("rows.csv", b"<!DOCTYPE html><html>", "is a page of HTML: fetch the table itself"),
        ("rows.csv.bz2", b"BZh91AY", "is packed with bzip2: unpack it"),
        ("rows.zip", packed(a_csv="", b_csv=""), "holds 2 files: unpack it and name one"),
        ("rows.json", b"{", "is no JSON of records, a list or one a line"),
        ("rows.sav", b"$FL2", "is an SPSS file"),
    ],
)
def test_files_of_other_programs_are_refused_by_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_table(write(tmp_path, content, name))


def test_an_empty_cell_below_a_title_is_no_end_of_the_line(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "Sales\nname,price\na,1\nb,\n"))

    assert table.frame["price"].isna().tolist() == [False, True]


def test_an_address_is_no_file() -> None:
    with pytest.raises(TableError, match=r"^rows.csv is at an address: fetch it first, as by curl -O"):
        read_table(Path("https://example.org/rows.csv"))
