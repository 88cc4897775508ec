"""Tables on disk, as they are: columns of text, or of the types that the file has."""

from __future__ import annotations

import datetime
import decimal
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from modelapi.records.cells import MISSING
from modelapi.records.faults import MAX_LISTED, MalformedRecords
from modelapi.records.tables import CsvLines, read_header
from modelapi.signature import SAFE_INTEGER
from modelapi.training.dialect import SEPARATORS, Dialect, TableError, decode, detect
from modelapi.training.files import need, read_file
from modelapi.training.grid import read_grid


class Table(NamedTuple):
    """A table as its file has it, and how that was written."""

    frame: pd.DataFrame
    how: str
    is_text: bool = False
    """Whether all its columns are text that has yet to be given types."""
    semicolons: bool = False


def read_table(
    path: Path, separator: str | None = None, encoding: str | None = None, names: Sequence[str] | None = None
) -> Table:
    """Read a table: the columns of CSV files and workbooks are text, others have pandas' nullable types.

    names : of the columns of a CSV file without a header line.
    Raises TableError.
    """
    kind, content = read_file(path)
    if kind == "csv":
        dialect = detect(path, content, separator, encoding)
        frame, notes = _grid(path, iter(_lines(content, dialect)), names)
        how = ", ".join([f"separated by {dialect.separator}, in {dialect.encoding}", *notes])
        return Table(checked(path, frame, how), how, True, dialect.separator == "semicolon")
    if kind == "excel":
        cells, how = _sheet(path, content)
        frame, notes = _grid(path, cells, names)
        how = ", ".join([how, *notes])
        return Table(checked(path, frame, how), how, True)
    frame = _typed(path, kind, content, exact=False)
    how = {"json": "JSON", "parquet": "Parquet", "feather": "Feather"}[kind]
    return Table(checked(path, frame.apply(_simple), how), how)


def read_exact(
    path: Path,
    separator: str | None = None,
    encoding: str | None = None,
    text: Mapping[str, Collection[str]] | None = None,
) -> pd.DataFrame:
    """Read a table as pandas by itself does, as whoever fitted an estimator read it. Raises TableError.

    text : columns of a CSV file to be left as text, with the cells that are values in it and no gaps, as None.
    """
    kind, content = read_file(path)
    if kind == "csv":
        return checked(path, _csv(path, content, detect(path, content, separator, encoding), text or {}))
    return checked(path, _typed(path, kind, content, exact=True))


def listing(names: Sequence[str] | pd.Index[str]) -> str:
    """Join names, of many only the first."""
    return ", ".join(names[:MAX_LISTED]) + f" and {len(names) - MAX_LISTED} more" * (len(names) > MAX_LISTED)


def plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column the dtype that it has without pandas' nullable types, with NaN where it is missing."""
    if pd.api.types.is_bool_dtype(values):
        return values.astype(object if values.isna().any() else bool)
    if pd.api.types.is_integer_dtype(values):
        return values.astype("float64" if values.isna().any() else "int64")
    if pd.api.types.is_float_dtype(values):
        return values.astype("float64")
    return values.astype("str") if values.dtype == "string" else values


def checked(path: Path, frame: pd.DataFrame, how: str | None = None) -> pd.DataFrame:
    """Raise TableError if a table has not what it needs; a single column is enough if nobody asks `how`."""
    if frame.shape[1] < 2 and how:
        raise TableError(f"{path} has a single column, {how}: name another SEPARATOR, or add columns to predict from")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise TableError(f"{path} has two columns {twice[0]}: rename one (or is the header line missing?)")
    if frame.empty:
        raise TableError(f"{path} has no rows below its header: add some")
    return frame


def _grid(path: Path, rows: Iterator[list[str]], names: Sequence[str] | None) -> tuple[pd.DataFrame, list[str]]:
    try:
        return read_grid(rows, names)
    except UnicodeError:
        raise TableError(f"{path} is not in that encoding: name another, or none to have it detected") from None
    except MalformedRecords as error:
        raise TableError(f"{path} is no proper table: {error}") from None


def _lines(content: bytes, dialect: Dialect) -> CsvLines:
    file = io.BytesIO(decode(content, dialect).encode())
    return CsvLines(file, delimiter=SEPARATORS[dialect.separator], skip_blanks=dialect.skip_blanks)


def _sheet(path: Path, content: bytes) -> tuple[Iterator[list[str]], str]:
    """List the rows of the first sheet with a value, as a CSV file would have them."""
    need("openpyxl", "an Excel workbook")
    try:
        sheets = pd.read_excel(io.BytesIO(content), sheet_name=None, header=None, dtype=object, na_filter=False)
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TableError(f"{path} is no whole Excel workbook ({reason}): save it again, or as CSV") from None
    name, sheet = next(((name, one) for name, one in sheets.items() if one.size), ("", pd.DataFrame()))
    others = f", the first of {len(sheets)}" if len(sheets) > 1 else ""
    return ([_written(cell) for cell in row] for row in sheet.to_numpy(object).tolist()), f"sheet {name}{others}"


def _written(cell: object) -> str:
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= SAFE_INTEGER:
        return str(int(cell))
    return "" if cell is None or cell != cell else str(cell)


def _typed(path: Path, kind: str, content: bytes, *, exact: bool) -> pd.DataFrame:
    """Read a file that has types of its own."""
    file = io.BytesIO(content)
    try:
        if kind == "json":
            frame = _json(content)
            frame = frame if exact else frame.convert_dtypes()
        elif kind == "excel":
            need("openpyxl", "an Excel workbook")
            frame = pd.read_excel(file)
        else:
            read = pd.read_parquet if kind == "parquet" else pd.read_feather
            frame = read(file) if exact else read(file, dtype_backend="numpy_nullable")
    except TableError:
        raise
    except Exception:
        what = {"json": "JSON of records, a list or one a line", "parquet": "whole Parquet file"}.get(
            kind, f"whole {kind} file"
        )
        raise TableError(f"{path} is no {what}: write it again") from None
    if any(frame.index.names):
        frame = frame.reset_index()
    return frame.rename(columns=str)


def _json(content: bytes) -> pd.DataFrame:
    """Read records, in a list or one a line, or what pandas writes by itself: an object for each column."""
    plain: dict[str, Any] = {"dtype": False, "precise_float": True}
    is_list = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["
    try:
        frame: pd.DataFrame = pd.read_json(io.BytesIO(content), lines=not is_list, **plain)
    except ValueError:
        frame = pd.DataFrame()
    if not is_list and all(isinstance(cell, dict) for cell in frame.head(1).to_numpy().ravel()):
        frame = pd.read_json(io.BytesIO(content), **plain)
    return frame


def _simple(values: pd.Series[Any]) -> pd.Series[Any]:
    """Write what Parquet has types of its own for as dates, numbers and text."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).convert_dtypes()
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert(None)
    kinds = set(map(type, values.dropna())) if values.dtype == object else set()
    if kinds == {datetime.date}:
        values = pd.to_datetime(values)
    if kinds == {decimal.Decimal}:
        values = values.astype(float)
    if (
        pd.api.types.is_integer_dtype(values)
        and np.abs(values.dropna().to_numpy("float64")).max(initial=0) > SAFE_INTEGER
    ):
        values = values.astype("string")
    return values


def _csv(path: Path, content: bytes, dialect: Dialect, text: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """Let the reader that serves tables check the rows, for pandas fills short ones; then read their types."""
    try:
        header, rows = read_header(_lines(content, dialect))
        for number, row in enumerate(rows, 1):
            if len(row) != len(header):
                raise MalformedRecords(f"row {number} has {len(row)} cells, but the header has {len(header)}")
    except UnicodeError:
        raise TableError(
            f"{path} is not in {dialect.encoding}: name another encoding, or none to have it detected"
        ) from None
    except MalformedRecords as error:
        raise TableError(f"{path} is no proper table: {error}") from None
    if len(set(header)) < len(header):  # pandas would rename them.
        return pd.DataFrame(columns=header)
    table: pd.DataFrame = pd.read_csv(
        io.StringIO(decode(content, dialect)),
        sep=SEPARATORS[dialect.separator],
        skipinitialspace=dialect.skip_blanks or dialect.separator == "blank",
        header=0,
        names=header,
        index_col=False,
        keep_default_na=False,
        na_values={name: sorted(MISSING.difference(text.get(name, ()))) for name in header},
        low_memory=False,
        dtype=dict.fromkeys(text, "str"),
    )
    return table
