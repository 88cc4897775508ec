"""How a table writes the numbers of a column: which of , . ' and blank is what, and which unit they have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from modelapi.records.numbers import digits, tidy
from modelapi.signature import Notation

Decimal = Literal["point", "comma"]
DECIMALS = ("point", "comma")
ENOUGH = 0.9  # Share of the cells of a column, from which on it is what they are.
SAMPLE = 1_000

_CODES = "USD EUR GBP JPY CHF CAD AUD NZD CNY RMB INR BRL RUB KRW MXN SEK NOK DKK PLN CZK HUF RON BGN TRY UAH ILS AED "
_CODES += "SAR EGP ZAR NGN SGD HKD TWD THB IDR MYR PHP VND"
_MONEY = rf"(?:US|AU|CA|NZ|HK|[ACRS])?[$€£¥₹₽₩₺₫₴₦฿]|(?:{'|'.join(_CODES.split())})\b|kr\.?|zł|Kč|Rs\.?|Fr\.?"
_UNIT = r"(?!(?:[ap]m|st|nd|rd|th|e)\b)[^\W\d_]{1,10}(?:/[^\W\d_]{1,10})?[²³]?|[%‰]|°[CF]?"
_LIKE_A_NUMBER = re.compile(
    rf"(\()?\s*[+-]?\s*({_MONEY})?\s*[+-]?\s*(\d[\d.,' ]*(?<! )|[.,]\d+)(?:[eE][+-]?\d+)?"
    rf"\s*({_MONEY}|{_UNIT})?(?(1)\s*\))",
    re.IGNORECASE,
)
_POINT = [Notation(), Notation(thousands=","), Notation(thousands=" "), Notation(thousands="'")]
_COMMA = [Notation(decimal=",", thousands=mark) for mark in (".", "", " ", "'")]
_DIGITS = {one: re.compile(digits(one), re.ASCII) for one in (*_POINT, *_COMMA)}


class Found(NamedTuple):
    """A notation, and whether another decimal mark would have fitted as well."""

    notation: Notation
    is_ambiguous: bool


def find_notation(texts: Mapping[str, int], decimal: Decimal | None = None, *, weak: bool = False) -> Found | None:
    """Find how most numbers are written, by how often each text occurs; None if that is plainly or they are none.

    decimal : what the table's decimals are; `weak` if that is a guess, which is for commas alone.
    """
    parts = [(match, count) for text, count in texts.items() if (match := _LIKE_A_NUMBER.fullmatch(tidy(text)))]
    total = sum(count for _, count in parts)
    units: Counter[tuple[str, str]] = Counter()
    for match, count in parts:
        units[match[2] or "", match[4] or ""] += count
    unit = max(units, key=lambda one: (one != ("", ""), units[one]), default=("", ""))
    if 2 * units[unit] < total:
        unit = ("", "")
    own = [(match, count) for match, count in parts if (match[2] or "", match[4] or "") in (unit, ("", ""))]
    if not own or all(match[1] for match, _ in own):  # All in parentheses are no negative numbers.
        return None
    marked = any(set(match[3]) & set(",.' ") for match, _ in own)
    if not marked and unit == ("", "") and not any(match[1] for match, _ in own):
        return None
    fits = {one: _weight(own, one) for one in _DIGITS}
    best = [one for one in _order(decimal, weak) if fits[one] == max(fits.values())] if marked else [Notation()]
    if not best or not fits[best[0]]:
        return None
    chosen = best[0].model_copy(update={"before": unit[0], "after": unit[1]})
    if chosen == Notation() and not any(match[1] for match, _ in own):
        return None
    comma = any("," in match[3] for match, _ in own)
    return Found(chosen, comma and len({one.decimal for one in best}) > 1)


def find_decimal(columns: Iterable[Mapping[str, int]]) -> Decimal | None:
    """Find out which decimal mark a table has, from columns in which only one is possible; None if none says so."""
    found: set[str] = set()
    for texts in columns:
        numbers = [(match, count) for text, count in texts.items() if (match := _LIKE_A_NUMBER.fullmatch(tidy(text)))]
        if sum(count for _, count in numbers) < ENOUGH * sum(texts.values()) or not numbers:
            continue
        point, comma = (max(_weight(numbers, one) for one in ones) for ones in (_POINT, _COMMA))
        if point != comma:
            found.add("point" if point > comma else "comma")
    return "comma" if found == {"comma"} else "point" if found else None


def _weight(numbers: list[tuple[re.Match[str], int]], notation: Notation) -> int:
    return sum(count for match, count in numbers if _DIGITS[notation].fullmatch(match[3]))


def _order(decimal: Decimal | None, weak: bool) -> list[Notation]:
    """Order the notations, of which the first that fits is taken."""
    if decimal != "comma":
        return [*_POINT, *_COMMA]
    return [_POINT[0], *_COMMA, *_POINT[1:]] if weak else [*_COMMA, *_POINT]
