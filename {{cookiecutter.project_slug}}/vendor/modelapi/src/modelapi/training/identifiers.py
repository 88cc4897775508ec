"""Columns that number or name the rows, of which a model learns the rows by heart."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from modelapi.training.texts import mostly_differs

NAME = re.compile(
    r"(?i:(.*[_\W])?([pu]?id(no|num|entifier)?|[ug]uid|key|index|row[ _]?(names?|id|no|num|number)?|obs|nr|no|s[ _.]?no"
    r"|serial|phone|telephone|tel|mobile|fax|ssn|iban|isbn|ean|level_\d+)\.?)|.*[a-z]I[dD]"
)
UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")  # So pandas calls a column without a name.
MIN_IDS = 20  # Different numbers, from which on a column called id is taken for one.
LONG = 9  # Digits, from which on numbers of one length are those of telephones and accounts,
UNIX = (1_000_000_000, 2_200_000_000)  # unless they are seconds since 1970, or parts of them.
SPARSE = 10  # Rows numbers may be taken from so many rows for each that is left.
YEARS = (1000, 2200)


def identifier(values: pd.Series[Any]) -> str | None:
    """Say why a column, its values in the order of the table, tells rows apart instead of describing them."""
    if UNNAMED.fullmatch(str(values.name)):
        return "it is the index of a table that was saved with it"
    known = values.dropna()
    if not types.is_numeric_dtype(values) or types.is_bool_dtype(values) or known.empty:
        return None
    numbers = known.to_numpy("float64")
    if not np.isfinite(numbers).all() or (numbers % 1).any():
        return None
    different, low, high = len(np.unique(numbers)), numbers.min(), numbers.max()
    is_called = bool(NAME.fullmatch(str(values.name)))
    if YEARS[0] <= low and high <= YEARS[1] and not is_called:
        return None
    whole = different == len(values)
    steps = np.diff(numbers)
    in_order = len(steps) >= MIN_IDS and ((steps > 0).all() or (steps < 0).all()) and high - low < SPARSE * len(values)
    if whole and (different == high - low + 1 or in_order):
        return f"its {different} different numbers look like an identifier"
    if different > MIN_IDS and is_called:
        return f"its {different} different numbers look like an identifier"
    if different > max(MIN_IDS, 0.9 * len(known)) and _are_long(numbers):
        return f"its numbers, all of {len(str(int(high)))} digits, look like an identifier"
    return None


def names_people(values: pd.Series[Any]) -> bool:
    """Tell whether numbers are those of people, accounts or cases, by their name or their length, in any order."""
    known = values.dropna()
    different = known.nunique()
    if different <= MIN_IDS or not mostly_differs(different, len(known)) or (known % 1).any():
        return False
    is_long = different > 0.9 * len(known) and _are_long(known.to_numpy("float64"))
    return is_long or bool(NAME.fullmatch(str(values.name)))


def _are_long(numbers: np.ndarray[Any, Any]) -> bool:
    """Tell whether numbers have one length of many digits, and are no moments."""
    low, high = numbers.min(), numbers.max()
    if low < 10 ** (LONG - 1) or len(str(int(low))) != len(str(int(high))):
        return False
    return not any(UNIX[0] * part <= low and high <= UNIX[1] * part for part in (1, 1_000, 1_000_000, 1_000_000_000))
