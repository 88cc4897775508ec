"""The kinds of values that texts can be: booleans, numbers, dates; each reader takes the texts that fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from modelapi.records.numbers import number_reader
from modelapi.signature import SAFE_INTEGER, Notation
from modelapi.training.dates import Dates, Order, find_dates
from modelapi.training.notations import SAMPLE, Decimal, find_notation

_PLAIN = re.compile(r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)\s*", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_CODE = re.compile(r"0[0-9]+")
_BOOLEANS = {text: value for value in (True, False) for text in (str(value), str(value).upper(), str(value).lower())}


class Hints(NamedTuple):
    """What is known of a table beforehand, instead of being read off it."""

    missing: frozenset[str] | None = None
    decimal: Decimal | None = None
    dates: Order | None = None
    is_text: bool = True
    """Whether the file has text alone; else what is text there is no number, and no gap."""
    semicolons: bool = False
    """Whether semicolons separate its cells: then a comma is more likely to be a decimal one."""


class Typed(NamedTuple):
    """The values of texts, their dtype, and how they are written."""

    found: Mapping[str, Any]
    dtype: str
    notation: Notation | None = None
    dates: Dates | None = None
    how: str = ""


def plain_numbers(values: pd.Series[Any], known: pd.Series[Any]) -> pd.Series[Any] | None:
    """Read numbers as programs write them; None if any cell is something else."""
    texts = known.tolist()
    if not texts or not all(map(_PLAIN.fullmatch, texts)) or any(map(_is_code, texts)):
        return None
    array: np.ndarray[Any, Any] = np.full(len(values), np.nan)
    array[values.notna().to_numpy()] = np.array(texts, dtype="float64")
    if not all(map(_WHOLE.fullmatch, texts)):
        return pd.Series(pd.array(array, dtype="Float64"), values.index, name=values.name)
    if np.nanmax(np.abs(array)) > SAFE_INTEGER:
        return None
    return pd.Series(pd.array(array, dtype="Float64"), values.index, name=values.name).astype("Int64")


def _is_code(text: str) -> bool:
    return text[:1] == "0" and _CODE.fullmatch(text) is not None


def _read_booleans(texts: Mapping[str, int], _hints: Hints) -> Typed | None:
    """Read what Python and pandas call booleans."""
    found = {text: _BOOLEANS[text] for text in texts if text in _BOOLEANS}
    return Typed(found, "boolean") if found else None


def _read_numbers(texts: Mapping[str, int], hints: Hints) -> Typed | None:
    """Read numbers in the notation that fits most of them; codes and long integers are none."""
    if any(map(_is_code, texts)):
        return None
    sample = dict(list(texts.items())[:SAMPLE])
    found = find_notation(sample, hints.decimal, weak=hints.semicolons)
    notation = found.notation if found else None
    read = number_reader(notation)
    numbers: dict[str, float] = {}
    for text in texts:
        try:
            numbers[text] = float(text) if notation is None and _PLAIN.fullmatch(text) else read(text)
        except ValueError:
            continue
    if not numbers:
        return None
    whole = all(_WHOLE.fullmatch(text) for text in numbers) if notation is None else _are_whole(numbers, notation)
    if whole and max(map(abs, numbers.values())) > SAFE_INTEGER:
        return None
    how = ""
    if notation is not None:
        how = f"as numbers written {notation}"
        if found and found.is_ambiguous and not hints.decimal:
            how += " (or name what a comma is: DECIMAL=comma)"
    return Typed(numbers, "Int64" if whole else "Float64", notation, None, how)


def _are_whole(numbers: Mapping[str, float], notation: Notation) -> bool:
    return not any(notation.decimal in text or value % 1 for text, value in numbers.items())


def read_as_dates(texts: Mapping[str, int], hints: Hints) -> Typed | None:
    """Read dates in the format that fits most of them."""
    dates = None if all(map(str.isdigit, texts)) else find_dates(texts, hints.dates)
    if dates is None:
        return None
    how = f"as dates written {dates.format}" if dates.format else ""
    return Typed(dates.moments, "datetime64[us]", None, dates, how)


def why_text(texts: Mapping[str, int]) -> str:
    """Say why numbers are text, if they are."""
    if not all(map(_WHOLE.fullmatch, texts)) or not texts:
        return ""
    return "as text, for numbers " + (
        "do not begin with 0" if any(map(_is_code, texts)) else "of over 15 digits are identifiers"
    )


READERS: tuple[Callable[[Mapping[str, int], Hints], Typed | None], ...] = (
    _read_booleans,
    _read_numbers,
    read_as_dates,
)
