"""Text that is written freely or names its row, as comments, names and tickets do: no category can be made of it.

None of it leaves a package: clients see neither such texts nor categories that are nearly as many as the rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

import pandas as pd
from pandas.api import types

from modelapi.signature import Label

MAX_CATEGORIES = 1_000
FEW = 20  # Categories that an encoder knows may be listed up to this number, however few rows there are.
LONGEST = 100  # Characters of a category; what is longer was written by somebody.
MAX_LENGTH = 10_000  # Characters of a text, unless those of training are longer.
WORD = re.compile(r"\w\w+")  # As vectorizers have it.
MIN_WORDS = 3  # Of half of the texts in a column that is read by its words,
MIN_WORDS_UNASKED = 5  # and of one that is tried without being named.
MIN_ROWS_A_WORD = 10
MAX_READ = 2_000  # Rows by which that is seen.
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


def text_columns(X: pd.DataFrame) -> list[str]:
    """List the columns of text that is written in words, for a vectorizer; other text is a name or a number of its row.

    Some word of each occurs in so many rows that all folds have it twice.
    """
    return _written(X, MIN_WORDS)


def is_written(texts: pd.Series[Any], min_words: int) -> bool:
    """Tell whether half of the texts have so many words or more, and words come again in others."""
    words = [set(WORD.findall(text.lower())) for text in texts.dropna().head(MAX_READ)]
    common = Counter(word for text in words for word in text).most_common(1)
    return median(map(len, words)) >= min_words and common[0][1] >= MIN_ROWS_A_WORD


def undecided_texts(X: pd.DataFrame) -> list[str]:
    """List the columns of text that are worth to be tried as features: names and addresses are shorter."""
    return _written(X, MIN_WORDS_UNASKED)


def string_columns(X: pd.DataFrame) -> list[str]:
    """List the columns of strings."""
    return [name for name in X.columns if types.is_string_dtype(X[name].dropna())]


def _written(X: pd.DataFrame, min_words: int) -> list[str]:
    return [name for name in string_columns(X) if is_text(X[name]) and is_written(X[name], min_words)]
