"""What columns of text hold: numbers, booleans, dates or text, and which of their cells are gaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from modelapi.records.cells import MISSING
from modelapi.records.numbers import number_reader
from modelapi.signature import SAFE_INTEGER, Notation
from modelapi.training.dates import Dates, Order, find_dates
from modelapi.training.notations import ENOUGH, SAMPLE, Decimal, find_decimal, find_notation
from modelapi.training.texts import is_text

# What people write where a number or a date is not known; in a column of text it is as good a value as any.
ODD = {
    "?",
    "??",
    "-",
    "--",
    "---",
    "\u2013",
    "\u2014",
    ".",
    "..",
    "...",
    "*",
    "**",
    "_",
    "/",
    "\\n",
    "na",
    "n.a.",
    "n.a",
    "n/a",
}
ODD |= {"n.d.", "nd", "nan", "-nan", "none", "nil", "null", "(null)", "<null>", "[null]", "<na>", "#na", "unknown"}
ODD |= {"unk", "missing", "not available", "not applicable", "not known", "undefined", "tbd", "empty", "blank", "nat"}
ODD |= {"#n/a", "#n/a n/a", "#ref!", "#div/0!", "#value!", "#name?", "#num!", "#null!", "1.#ind", "-1.#ind"}
ODD |= {"1.#qnan", "-1.#qnan"}
MAX_ODD = 10  # Different cells that are gaps although nobody calls a gap so.
FEW = 20  # Different numbers, up to which a column with other texts too is one of categories.
MAX_MARK = 20  # Characters of a gap that clients may write too; it goes into the package.

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


class Values(NamedTuple):
    """A column with its type, and how the table writes it."""

    values: pd.Series[Any]
    notation: Notation | None = None
    dates: Dates | None = None
    gaps: tuple[str, ...] = ()
    how: str = ""
    """What was read otherwise than pandas would, as a part of a sentence."""
    note: str = ""
    """What the reader of the table may want to change, as a sentence."""


def read_values(table: pd.DataFrame, hints: Hints, targets: Collection[str] = ()) -> dict[str, Values]:
    """Read columns of text, each for itself but for the decimal mark and for what is first in a date."""
    text = [name for name in table.columns if table[name].dtype == "string"]
    found = hints.decimal or find_decimal(_sample(table[name]) for name in text)
    weak = found is None and hints.semicolons
    hints = hints._replace(decimal=found or ("comma" if weak else None), semicolons=weak)
    columns = {name: read_column(table[name], hints, name in targets) for name in table.columns}
    orders = {one.dates.order for one in columns.values() if one.dates and not one.dates.is_ambiguous} - {None}
    if hints.dates is None and len(orders) == 1:
        for name, column in columns.items():
            if column.dates and column.dates.is_ambiguous:
                columns[name] = read_column(table[name], hints._replace(dates=orders.copy().pop()), name in targets)
    return columns


def read_column(values: pd.Series[Any], hints: Hints, is_target: bool = False) -> Values:
    """Give a column of text the type that its cells have; others stay as they are."""
    if values.dtype != "string":
        return Values(values)
    known = values.dropna()
    if not hints.is_text:
        return _only_dates(values, known, hints)
    if hints.decimal != "comma" and (fast := _plain_numbers(values, known)) is not None:
        return Values(fast)
    counts = known.value_counts()
    texts = dict(zip(counts.index.tolist(), counts.tolist(), strict=True))
    bare: Counter[str] = Counter()
    for text, count in texts.items():
        bare[text.strip()] += count
    blank = bare.pop("", 0)
    given = hints.missing
    marks = {text for text in bare if (text in given if given is not None else text in MISSING or text.lower() in ODD)}
    rest = {text: count for text, count in bare.items() if text not in marks}
    for read in (_booleans, _numbers, _dates):
        typed = read(rest, hints)
        if typed is None or not _is_enough(typed, rest, strict=given is not None):
            continue
        if is_target and _is_label(typed):
            break
        odd = {text: count for text, count in bare.items() if text not in typed.found}
        return _typed(values, typed, odd, blank)
    return _text(values, texts, given, is_target, _why_text(rest))


def _only_dates(values: pd.Series[Any], known: pd.Series[Any], hints: Hints) -> Values:
    """Read the text of a file that has types as dates, or leave it."""
    texts = dict.fromkeys(known.unique().tolist(), 1)
    typed = _dates(texts, hints)
    return _typed(values, typed, {}, 0) if typed and len(typed.found) == len(texts) else Values(values)


class _Typed(NamedTuple):
    """The values of texts, their dtype, and how they are written."""

    found: Mapping[str, Any]
    dtype: str
    notation: Notation | None = None
    dates: Dates | None = None
    how: str = ""


def _sample(values: pd.Series[Any]) -> Mapping[str, int]:
    return dict.fromkeys((text for text in values.dropna().unique()[:SAMPLE].tolist() if text.lower() not in ODD), 1)


def _plain_numbers(values: pd.Series[Any], known: pd.Series[Any]) -> pd.Series[Any] | None:
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


def _is_label(typed: _Typed) -> bool:
    """Tell whether numbers are few, and written as no plain number can be answered: 5 kg, 1,000."""
    notation = typed.notation
    if notation is None or len(set(typed.found.values())) > FEW:
        return False
    return bool(notation.before or notation.after) or typed.dtype == "Int64"


def _is_enough(typed: _Typed, rest: Mapping[str, int], strict: bool) -> bool:
    """Tell whether nearly all cells are of a type, and the others no values of their own."""
    odd = [text for text in rest if text not in typed.found]
    if not odd:
        return bool(typed.found)
    if strict or len(odd) > MAX_ODD or sum(rest[text] for text in odd) > (1 - ENOUGH) * sum(rest.values()):
        return False
    return typed.dates is not None or (len(set(typed.found.values())) > FEW)


def _booleans(texts: Mapping[str, int], _hints: Hints) -> _Typed | None:
    found = {text: _BOOLEANS[text] for text in texts if text in _BOOLEANS}
    return _Typed(found, "boolean") if found else None


def _numbers(texts: Mapping[str, int], hints: Hints) -> _Typed | None:
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
    return _Typed(numbers, "Int64" if whole else "Float64", notation, None, how)


def _are_whole(numbers: Mapping[str, float], notation: Notation) -> bool:
    return not any(notation.decimal in text or value % 1 for text, value in numbers.items())


def _dates(texts: Mapping[str, int], hints: Hints) -> _Typed | None:
    dates = find_dates(texts, hints.dates)
    if dates is None:
        return None
    how = f"as dates written {dates.format}" if dates.format else ""
    return _Typed(dates.moments, "datetime64[us]", None, dates, how)


def _typed(values: pd.Series[Any], typed: _Typed, odd: Mapping[str, int], blank: int) -> Values:
    found = typed.found
    cells = [None if text is pd.NA else found.get(text.strip()) for text in values.tolist()]
    dtype: Any = "Float64" if typed.dtype == "Int64" else typed.dtype  # Of floats no Int64 can be made.
    read: pd.Series[Any] = pd.Series(cells, values.index, dtype, values.name)
    said = {text: count for text, count in odd.items() if text not in MISSING}
    kind = {"boolean": "booleans", "datetime64[us]": "dates"}.get(typed.dtype, "numbers")
    how = typed.how
    if said or blank:
        marks = listing_of([*map(repr, said), *(["blanks"] if blank else [])])
        count = sum(said.values()) + blank
        how = f"{how or f'as {kind}'}, with {marks} as gaps ({count} cell{'s' * (count > 1)})"
    gaps = tuple(text for text in said if len(text) <= MAX_MARK)
    return Values(read.astype("Int64") if typed.dtype == "Int64" else read, typed.notation, typed.dates, gaps, how)


def listing_of(parts: Iterable[str]) -> str:
    """Join the parts of an enumeration."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _why_text(texts: Mapping[str, int]) -> str:
    """Say why numbers are text, if they are."""
    if not all(map(_WHOLE.fullmatch, texts)) or not texts:
        return ""
    return "as text, for numbers " + (
        "do not begin with 0" if any(map(_is_code, texts)) else "of over 15 digits are identifiers"
    )


def _text(
    values: pd.Series[Any], texts: Mapping[str, int], given: frozenset[str] | None, is_target: bool, how: str
) -> Values:
    """Leave text, in which blanks around all cells are none; only an empty cell is a gap in a target."""
    if all(text[:1].isspace() for text in texts) or all(text[-1:].isspace() for text in texts):
        values = values.str.strip()
    bare: Counter[str] = Counter()
    for text, count in texts.items():
        bare[text.strip()] += count
    named = MISSING if given is None else given | {""}
    marks = {text: count for text, count in bare.items() if text in named and text}
    if texts and given is None and not is_target and is_text(values):  # Free text may say anything.
        return Values(values, how=how)
    kept = {text: n for text, n in marks.items() if given is None and (is_target or 2 * n > sum(bare.values()))}
    gaps = named - kept.keys()
    stripped = values.str.strip()
    read = values.mask(stripped.isin(list(gaps | {""})).fillna(False), pd.NA)
    note = ""
    if kept and is_target:
        remedy = f"MISSING={','.join(kept)} makes gaps of them"
        note = f"Took {listing_of(map(repr, kept))} for labels of {values.name} ({remedy})"
    elif kept:
        note = f"Took {listing_of(map(repr, kept))} for a value of {values.name}, most of whose cells hold it"
    return Values(
        read, gaps=tuple(text for text in marks if text not in kept and text not in MISSING), how=how, note=note
    )
