"""Tables on disk, read for training and packaging."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

MIN_ROWS = 10


class TableError(ValueError):
    """A table that cannot be read, or a column that it does not have."""


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file with a header line. Raises TableError."""
    try:
        return pd.read_csv(path)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, UnicodeDecodeError):  # pandas' parser errors are ValueErrors.
        raise TableError(f"{path} is not a CSV file in UTF-8 with a header line: convert it first") from None


def select(table: pd.DataFrame, target: str, features: Sequence[str] | None) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Split a table into X, of shape (n_samples, n_features), and y; rows without a target are left out.

    Raises TableError naming the column that is missing, or the rows.
    """
    names = list(features) if features else [name for name in table.columns if name != target]
    missing = [name for name in (target, *names) if name not in table.columns]
    if missing:
        raise TableError(
            f"there is no column {', '.join(missing)}: the columns are {', '.join(map(str, table.columns))}"
        )
    if target in names:
        raise TableError(f"the target {target} cannot be a feature too: leave it out of the features")
    known = table[table[target].notna()]
    if len(known) < MIN_ROWS:
        raise TableError(f"{len(known)} rows have a value for {target}: training needs {MIN_ROWS} or more")
    if known[target].nunique() < 2:
        raise TableError(f"{target} has the same value in every row: there is nothing to predict")
    return known[names], known[target]
