"""Dates in a table: recognised, read, and the numbers that an estimator gets in place of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import islice, product
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from modelapi.records.columns import PARTS
from modelapi.records.moments import read_date, without_names

Order = Literal["day-first", "month-first"]
ORDERS = ("day-first", "month-first")
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I %p", "%I:%M%p")
_DATES = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"]
_DATES += [form for mark in "/-" for form in (f"%m{mark}%d{mark}%Y", f"%d{mark}%m{mark}%Y")]
_DATES += [form for mark in "/-" for form in (f"%m{mark}%d{mark}%y", f"%d{mark}%m{mark}%y")]
_DATES += [form.replace("%b", month) for month in ("%b", "%B") for form in (
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %b, %Y", "%d. %b %Y", "%d/%b/%Y", "%b %d %Y", "%b-%d-%Y", "%b %d, %Y",
    "%Y-%b-%d", "%Y %b %d")]  # fmt: skip
FORMATS = [
    f"{date}{between}{time}{zone}"
    for date, (between, time), zone in product(
        _DATES, [("", ""), *product((" ", ", ", "T", ":"), TIMES)], ("", " %z", "%z")
    )
    if time or not zone
]
FORMATS += ["%Y-%m", "%Y/%m", "%b %Y", "%B %Y", "%b-%y", "%b-%Y", "%m/%Y", "%b %d %H:%M:%S %z %Y", "%b %d %H:%M:%S %Y"]
FORMATS += TIMES
_LIKE_A_DATE = re.compile(r"(?=.*\d.*\d)[\w:./, ()+-]{4,60}")
_OFFSET = re.compile(r"(?:(?<=:\d\d)|(?i:(?<=[ap]m))) ?(?:[+-]\d\d:?\d\d(?= |$)|Z$)")
SAMPLE = 3


def _marks(text: str) -> tuple[str, bool]:
    """List the marks of a text or a format, and tell whether it has a zone: strptime is slow to say no."""
    bare = _OFFSET.sub("", text)
    return re.sub(r"%?\w+| ", "", bare), bare != text or "%z" in text


_FORMS: dict[tuple[str, bool], list[str]] = {}
for _form in FORMATS:
    _FORMS.setdefault(_marks(_form), []).append(_form)


class Dates(NamedTuple):
    """Texts that are dates, and how they are written: for strptime, or None if as ISO 8601 says."""

    moments: dict[str, datetime]
    format: str | None
    order: Order | None = None
    """What the format says of days and months, if it could be the other way round."""
    is_ambiguous: bool = False


def find_dates(texts: Mapping[str, int], order: Order | None = None) -> Dates | None:
    """Read texts in the format that fits most of them, by how often each occurs; None if they are no dates.

    order : which is first where a format cannot tell.
    """
    sample = [text for text in islice(texts, 100) if _LIKE_A_DATE.fullmatch(text)][:SAMPLE]
    forms: list[str | None] = [None]
    for marks in dict.fromkeys(_marks(without_names(text)) for text in sample):
        forms += _FORMS.get(marks, [])
    found = [
        (sum(texts[text] for text in moments), moments, form)
        for form in forms
        if any(_read(text, form) for text in sample) and (moments := _read_all(texts, form))
    ]
    if not found:
        return None
    most = max(weight for weight, _, _ in found)
    best = [(moments, form) for weight, moments, form in found if weight == most]
    orders = {form: _order(form) for _, form in best}
    is_ambiguous = set(ORDERS) <= set(orders.values()) and orders[best[0][1]] is not None
    moments, form = next((one for one in best if orders[one[1]] == order), best[0]) if is_ambiguous else best[0]
    return Dates(moments, form, orders[form], is_ambiguous and order is None)


def parts_of(values: pd.Series[Any], others: pd.Index) -> list[str]:
    """Name the parts that vary in a column of dates, but not one whose name another column has."""
    moments = values.dropna().to_numpy("datetime64[us]")
    names = [part for part in PARTS if f"{values.name}.{part}" not in others]
    return [part for part in names if len(np.unique(PARTS[part](moments))) > 1] or ["elapsed_days"]


def _order(form: str | None) -> Order | None:
    """Say what is first in a format that would be another with days and months exchanged."""
    match = re.match(r"%([md])([/-])%[md]\2", form or "")
    return None if match is None else "month-first" if match[1] == "m" else "day-first"


def _read(text: str, form: str | None) -> datetime | None:
    try:
        return read_date(text, form)
    except (ValueError, OverflowError):
        return None


def _read_all(texts: Mapping[str, int], form: str | None) -> dict[str, datetime]:
    moments = {text: _read(text, form) for text in texts}
    return {text: moment for text, moment in moments.items() if moment is not None}
