"""Text that is written freely or names its row, as comments, names and tickets do: no category can be made of it.

None of it leaves a package: clients see neither such texts nor categories that are nearly as many as the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from modelapi.signature import Label

MAX_CATEGORIES = 1_000
FEW = 20  # Categories that an encoder knows may be listed up to this number, however few rows there are.
LONGEST = 100  # Characters of a category; what is longer was written by somebody.
MAX_LENGTH = 10_000  # Characters of a text, unless those of training are longer.
EXAMPLE = "an example of a text"


def mostly_differs(n_values: int, n_rows: int) -> bool:
    """Tell whether so many different values in so many rows are too many to be categories."""
    return n_values > min(MAX_CATEGORIES, n_rows / 2)


def is_text(values: pd.Series[Any]) -> bool:
    """Tell whether a column of strings is text, and not one of a few categories."""
    known = values.dropna()
    return mostly_differs(known.nunique(), len(known)) or bool(known.str.len().max() > LONGEST)


def may_list(categories: Sequence[Label], n_rows: int) -> bool:
    """Tell whether clients may see the categories of a column, or would learn the rows from them."""
    if max((len(one) for one in categories if isinstance(one, str)), default=0) > LONGEST:
        return False
    return len(categories) <= FEW or not mostly_differs(len(categories), n_rows)


def max_length(texts: pd.Series[Any]) -> int:
    """Return how many characters a text may have: MAX_LENGTH, or the power of ten that no text of training exceeds."""
    longest = int(texts.str.len().max())
    return MAX_LENGTH if longest <= MAX_LENGTH else 10 ** len(str(longest - 1))
