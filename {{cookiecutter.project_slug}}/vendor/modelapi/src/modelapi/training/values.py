"""What columns of text hold: numbers, booleans, dates or text, and which of their cells are gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from modelapi.records.cells import MISSING
from modelapi.signature import Notation
from modelapi.training.dates import Dates
from modelapi.training.kinds import READERS, Hints, Typed, plain_numbers, read_as_dates, why_text
from modelapi.training.notations import ENOUGH, SAMPLE, find_decimal
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
MAX_COMPARED = 1_000  # Different texts that are compared with each other,
MAX_PAIRS = 3  # and pairs of them that are listed.
MAX_MARK = 20  # Characters of a gap that clients may write too; it goes into the package.


class Values(NamedTuple):
    """A column with its type, and how the table writes it."""

    values: pd.Series[Any]
    notation: Notation | None = None
    dates: Dates | None = None
    gaps: tuple[str, ...] = ()
    how: str = ""
    """What was read otherwise than pandas would, as a part of a sentence."""
    notes: tuple[str, ...] = ()
    """What the reader of the table may want to change, in sentences."""


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
    if hints.decimal != "comma" and (fast := plain_numbers(values, known)) is not None:
        return Values(fast)
    counts = known.value_counts()
    texts = dict(zip(counts.index.tolist(), counts.tolist(), strict=True))
    bare = _without_blanks(texts)
    blank = bare.pop("", 0)
    given = hints.missing
    marks = {text for text in bare if (text in given if given is not None else text in MISSING or text.lower() in ODD)}
    rest = {text: count for text, count in bare.items() if text not in marks}
    for read in READERS:
        typed = read(rest, hints)
        if typed is None or not _is_enough(typed, rest, strict=given is not None):
            continue
        if is_target and _is_label(typed):
            break
        odd = {text: count for text, count in bare.items() if text not in typed.found}
        return _typed(values, typed, odd, blank)
    return _text(values, texts, given, is_target, why_text(rest))


def _without_blanks(texts: Mapping[str, int]) -> Counter[str]:
    """Count texts without the blanks around them."""
    bare: Counter[str] = Counter()
    for text, count in texts.items():
        bare[text.strip()] += count
    return bare


def _only_dates(values: pd.Series[Any], known: pd.Series[Any], hints: Hints) -> Values:
    """Read the text of a file that has types as dates, or leave it."""
    texts = dict.fromkeys(known.unique().tolist(), 1)
    typed = read_as_dates(texts, hints)
    return _typed(values, typed, {}, 0) if typed and len(typed.found) == len(texts) else Values(values)


def _sample(values: pd.Series[Any]) -> Mapping[str, int]:
    return dict.fromkeys((text for text in values.dropna().unique()[:SAMPLE].tolist() if text.lower() not in ODD), 1)


def _is_label(typed: Typed) -> bool:
    """Tell whether numbers are few, and written as no plain number can be answered: 5 kg, 1,000."""
    notation = typed.notation
    if notation is None or len(set(typed.found.values())) > FEW:
        return False
    return bool(notation.before or notation.after) or typed.dtype == "Int64"


def _is_enough(typed: Typed, rest: Mapping[str, int], strict: bool) -> bool:
    """Tell whether nearly all cells are of a type, and the others no values of their own."""
    odd = [text for text in rest if text not in typed.found]
    if not odd:
        return bool(typed.found)
    if strict or len(odd) > MAX_ODD or sum(rest[text] for text in odd) > (1 - ENOUGH) * sum(rest.values()):
        return False
    return typed.dates is not None or (len(set(typed.found.values())) > FEW)


def _typed(values: pd.Series[Any], typed: Typed, odd: Mapping[str, int], blank: int) -> Values:
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


def _text(
    values: pd.Series[Any], texts: Mapping[str, int], given: frozenset[str] | None, is_target: bool, how: str
) -> Values:
    """Leave text, in which blanks around all cells are none; only an empty cell is a gap in a target."""
    raw = values
    if all(text[:1].isspace() for text in texts) or all(text[-1:].isspace() for text in texts):
        values, texts = values.str.strip(), {text.strip(): count for text, count in texts.items()}
    bare = _without_blanks(texts)
    named = MISSING if given is None else given | {""}
    marks = {text: count for text, count in bare.items() if text in named and text}
    kept = {text: n for text, n in marks.items() if given is None and (is_target or 2 * n > sum(bare.values()))}
    gaps = named - kept.keys()
    stripped = values.str.strip()
    read = values.mask(stripped.isin(list(gaps | {""})).fillna(False), pd.NA)
    if given is None and not is_target and read.notna().any() and is_text(read):  # Free text may say anything.
        return Values(raw, how=how)
    return Values(
        read,
        gaps=tuple(text for text in marks if text not in kept and text not in MISSING),
        how=how,
        notes=tuple(_notes(str(values.name), texts, kept, is_target)),
    )


def _notes(name: str, texts: Mapping[str, int], kept: Mapping[str, int], is_target: bool) -> Iterator[str]:
    """Say which marks are values, and which values differ in blanks or case only."""
    if kept and is_target:
        remedy = f"MISSING={','.join(kept)} makes gaps of them"
        yield f"Took {listing_of(map(repr, kept))} for labels of {name} ({remedy})"
    elif kept:
        yield f"Took {listing_of(map(repr, kept))} for a value of {name}, most of whose cells hold it"
    alike: dict[str, list[str]] = {}
    for text in texts if len(texts) <= MAX_COMPARED else ():
        alike.setdefault(" ".join(text.split()).casefold(), []).append(text)
    groups = [group for bare, group in alike.items() if len(group) > 1 and bare]
    if groups:
        pairs = "; ".join(f"{group[0]!r} beside {group[1]!r}" for group in groups[:MAX_PAIRS])
        more = f" and {len(groups) - MAX_PAIRS} more" * (len(groups) > MAX_PAIRS)
        yield f"Took {pairs}{more} in {name} for different, though they differ in blanks or case only"
