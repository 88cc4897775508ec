"""Dates in a table: recognised, read, and the numbers that an estimator gets in place of them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from modelapi.records.columns import PARTS, read_date

# Where a day could be a month too, and each fits all values, the month is first.
_DATES = ["%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y"]
_DATES += ["%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%b-%d-%Y", "%b %d, %Y", "%B %d, %Y"]
_TIMES = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p"]
FORMATS = [date + time for date, time in product(_DATES, _TIMES)] + ["%Y-%m", "%Y/%m", "%b %Y", "%B %Y", "%m/%Y"]
_LIKE_A_DATE = re.compile(r"(?=.*\d)[\w:./, +-]{6,40}")


def read_dates(values: pd.Series[Any]) -> tuple[pd.Series[Any], str | None] | None:
    """Read text as dates in the first format that fits all of it, None for ISO 8601; None if it is no dates."""
    known = values.dropna().unique().tolist()
    if not known or not _LIKE_A_DATE.fullmatch(known[0]):
        return None
    for form in (None, *FORMATS):
        try:
            dates = {text: read_date(text, form) for text in known}
        except (ValueError, OverflowError):
            continue
        return values.astype(object).map(dates).astype("datetime64[us]"), form
    return None


def parts_of(values: pd.Series[Any], others: pd.Index) -> list[str]:
    """Name the parts that vary in a column of dates, but not one whose name another column has."""
    moments = values.dropna().to_numpy("datetime64[us]")
    names = [part for part in PARTS if f"{values.name}.{part}" not in others]
    return [part for part in names if len(np.unique(PARTS[part](moments))) > 1] or ["elapsed_days"]
