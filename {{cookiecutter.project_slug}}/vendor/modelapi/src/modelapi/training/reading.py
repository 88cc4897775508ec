"""Tables on disk: CSV in any separator and encoding, or Parquet, also packed with gzip."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from modelapi.records.cells import MISSING
from modelapi.records.faults import MAX_LISTED, MalformedRecords
from modelapi.records.tables import CsvRows
from modelapi.training.dialect import SEPARATORS, TableError, detect

CODE = re.compile("0[0-9]+")


def read_table(
    path: Path,
    separator: str | None = None,
    encoding: str | None = None,
    *,
    exact: bool = False,
    text: Sequence[str] = (),
) -> tuple[pd.DataFrame, str]:
    """Read a table, and say how it was written. Raises TableError.

    exact : leave the dtypes that pandas gives by itself; else they are its nullable ones, of four kinds and dates.
    text : columns of a CSV file to be left as text.
    """
    content = _content(path)
    if content.startswith(b"PAR1") or path.suffix == ".parquet":
        table, how = _parquet(path, content, exact), "Parquet"
    else:
        name, encoding = detect(path, content, separator, encoding)
        table, codes = _csv(path, content, name, encoding, exact, text)
        how = f"separated by {name}, in {encoding}"
        if codes and not exact:
            how += f"; {listing(codes)} as text, for numbers do not begin with 0"
    if table.shape[1] < 2 and not exact:
        raise TableError(f"{path} has a single column, {how}: name another SEPARATOR, or add columns to predict from")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise TableError(f"{path} has two columns {twice[0]}: rename one (or is the header line missing?)")
    if table.empty:
        raise TableError(f"{path} has no rows below its header: add some")
    return table, how


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


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror or error}): name a CSV or Parquet file") from None
    if content.startswith(b"\x1f\x8b") or path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise TableError(f"{path} is no whole gzip file: fetch or pack it again") from None
    if content.startswith(b"PK\x03\x04"):
        raise TableError(f"{path} is a zip archive or an Excel workbook: save the table as a CSV file")
    if not content.strip():
        raise TableError(f"{path} is empty: name a CSV file with a header line")
    return content


def _parquet(path: Path, content: bytes, exact: bool) -> pd.DataFrame:
    try:
        file = io.BytesIO(content)
        table = pd.read_parquet(file) if exact else pd.read_parquet(file, dtype_backend="numpy_nullable")
    except (OSError, ValueError):
        raise TableError(f"{path} is no whole Parquet file: write it again") from None
    if any(table.index.names):
        table = table.reset_index()
    if exact:
        return table.rename(columns=str)
    return table.rename(columns=str).apply(_simple)


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
    return values


def _csv(
    path: Path, content: bytes, separator: str, encoding: str, exact: bool, text: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Let the reader that serves tables check the rows, for pandas fills short ones; then read their types.

    Also answers the columns with codes, as 01067 is one, which are read as text unless `exact`.
    """
    try:
        decoded = content.decode(encoding).removeprefix("\ufeff")
        rows = CsvRows(io.BytesIO(decoded.encode()), delimiter=SEPARATORS[separator])
        codes: set[int] = set()
        for number, row in enumerate((row for batch in rows for row in batch), 1):
            if len(row) != len(rows.header):
                raise MalformedRecords(f"row {number} has {len(row)} cells, but the header has {len(rows.header)}")
            codes.update(place for place, cell in enumerate(row) if cell[:1] == "0" and CODE.fullmatch(cell))
    except UnicodeError:
        raise TableError(f"{path} is not in {encoding}: name another encoding, or none to have it detected") from None
    except MalformedRecords as error:
        raise TableError(f"{path} is no proper table: {error}") from None
    names = [rows.header[place] for place in sorted(codes)]
    if len(set(rows.header)) < len(rows.header):  # pandas would rename them.
        return pd.DataFrame(columns=rows.header), names
    dtypes: dict[str, Any] = {"dtype": dict.fromkeys(text, "str")}
    if not exact:
        dtypes = {"dtype": dict.fromkeys(names, "string"), "dtype_backend": "numpy_nullable"}
    table: pd.DataFrame = pd.read_csv(
        io.StringIO(decoded),
        sep=SEPARATORS[separator],
        header=0,
        names=rows.header,
        index_col=False,
        keep_default_na=False,
        na_values=sorted(MISSING),
        low_memory=False,
        **dtypes,
    )
    return table, names
