"""Tables on disk, read for training and packaging."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model.records import MISSING

MIN_ROWS = 10


class TableError(ValueError):
    """A table that cannot be read, or a column that it does not have."""


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file with a header line. Raises TableError."""
    try:
        with warnings.catch_warnings():
            # Cells that the header has no name for would be dropped, or shift the others.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, index_col=False, keep_default_na=False, na_values=sorted(MISSING))
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror or error}): name a CSV file") from None
    except UnicodeDecodeError:
        raise TableError(f"{path} is not in UTF-8: save it in that encoding") from None
    except pd.errors.EmptyDataError:
        raise TableError(f"{path} is empty: name a CSV file with a header line") from None
    except (ValueError, pd.errors.ParserWarning):  # pandas' parser errors are ValueErrors.
        raise TableError(f"{path} has a row of more cells than its header, or is no CSV file: mend it first") from None
    return table.rename(columns=str)


def select(table: pd.DataFrame, target: str, features: Sequence[str] | None) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Split a table into X, of shape (n_samples, n_features), and y; rows without a target are left out.

    Raises TableError naming the column that is missing, or the rows.
    """
    names = list(dict.fromkeys(features)) if features else [name for name in table.columns if name != target]
    missing = [name for name in (target, *names) if name not in table.columns]
    if missing:
        raise TableError(
            f"there is no column {', '.join(missing)}: the columns are {', '.join(map(str, table.columns))}"
        )
    if target in names:
        raise TableError(f"the target {target} cannot be a feature too: leave it out of the features")
    if not names:
        raise TableError(f"there is no column but the target {target}: a model needs a feature")
    known = table[table[target].notna()]
    if len(known) < MIN_ROWS:
        raise TableError(f"{len(known)} rows have a value for {target}: {MIN_ROWS} or more are needed")
    if known[target].nunique() < 2:
        raise TableError(f"{target} has the same value in every row: there is nothing to predict")
    X, y = known[names], known[target].infer_objects()
    for column in (X[name] for name in X.select_dtypes("number")):
        if np.isinf(column).any():
            raise TableError(f"column {column.name} holds infinity: replace it, or leave the column out")
    # Whole numbers with missing values are read as floats; without these rows they are labels again.
    if pd.api.types.is_float_dtype(y) and table[target].isna().any() and (y == y.round()).all():
        y = y.astype("int64")
    return X, y
