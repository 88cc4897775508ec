"""How a text file writes a table: its separator and its encoding, found by its first bytes."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import NamedTuple

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "blank": " "}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Western text has its accents one at a time, and UTF-8 that is read as cp1252 begins with this letter.
NOT_WESTERN = re.compile(r"[^\x00-\x7f]{4}|Ã[^\x00-\x7f]|\ufffd")
_TOLD = re.compile(r"\ufeff?sep=([,;\t|])\r?\n", re.IGNORECASE)  # So Excel tells itself its separator.
SNIFFED = 100_000  # Characters, in which the separator is looked for.


class TableError(ValueError):
    """A table that cannot be read or learnt from, or a column that it does not have."""


class Dialect(NamedTuple):
    """How a file writes its cells."""

    separator: str
    """One of SEPARATORS."""
    encoding: str
    skip_blanks: bool = False
    """Whether a blank follows each separator, and belongs to it."""
    skip_line: bool = False
    """Whether the first line is no row, but names the separator."""


def detect(path: Path, head: bytes, separator: str | None = None, encoding: str | None = None) -> Dialect:
    """Find how a CSV file writes its cells, unless that is named already. Raises TableError.

    head : the first bytes, which may end within a character, or all of them.
    """
    if separator not in (None, *SEPARATORS):
        raise TableError(f"there is no separator {separator}: name one of {', '.join(SEPARATORS)}")
    encoding = encoding or _encoding(path, head)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except (LookupError, TypeError):
        raise TableError(f"there is no encoding {encoding}: name one of Python's, as in ENCODING=cp1252") from None
    except ValueError:  # Most are UnicodeErrors; some codecs are not for text, and have their own.
        raise TableError(f"{path} is not in {encoding}: name another encoding, or none to have it detected") from None
    if "\0" in text:
        raise TableError(f"{path} holds NUL characters: name a CSV file, or its encoding as in ENCODING=utf-16")
    told = _TOLD.match(text)
    if told:
        text = text[told.end() :]
        separator = separator or next(name for name, mark in SEPARATORS.items() if mark == told[1])
    separator = separator or _separator(text)
    return Dialect(separator, encoding, _has_blanks(text, SEPARATORS[separator]), told is not None)


def decode(content: bytes, dialect: Dialect) -> str:
    """Decode the lines of a table. Raises UnicodeError."""
    text = content.decode(dialect.encoding).removeprefix("\ufeff")
    return text.partition("\n")[2] if dialect.skip_line else text


def _encoding(path: Path, head: bytes) -> str:
    for mark, name in MARKS.items():
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        if NOT_WESTERN.search(head.decode("cp1252", "replace")):
            raise TableError(f"{path} is not in UTF-8: name its encoding, as in ENCODING=cp1251") from None
        return "cp1252"
    return "utf-8"


def _separator(text: str) -> str:
    """Find the separator that gives most rows as many cells as the header has, of several the one with most cells.

    If there is none but for titles above the header, the width of most rows is taken; if there is none at all, blanks
    may separate the cells of all rows.
    """
    widths = {name: _widths(text, name) for name in SEPARATORS}
    del widths["blank"]
    found = max(widths, key=lambda name: _fit(widths[name], widths[name][0]))
    if widths[found][0] > 1:
        return found
    usual = {name: Counter(own).most_common(1)[0][0] for name, own in widths.items()}
    other = max(widths, key=lambda name: _fit(widths[name], usual[name]))
    if usual[other] > 1:
        return other
    below = _widths(text, "blank")[1:]  # The header may lack a name.
    return "blank" if below and below[0] > 1 and _fit(below, below[0]) >= (True, 1) else found


def _widths(text: str, name: str) -> list[int]:
    """Count the cells of the first rows; 0 if they are no table with this separator."""
    mark = SEPARATORS[name]
    lines = text[:SNIFFED].splitlines(keepends=True)
    rows = csv.reader(lines, delimiter=mark, skipinitialspace=mark == " ")
    try:
        widths = [len(row) - (mark == " " and not row[-1]) for row in islice(filter(None, rows), 100)] or [0]
    except csv.Error:
        return [0]
    return widths[:-1] if len(widths) > 2 and len(text) > SNIFFED else widths  # The last may be cut off.


def _fit(widths: list[int], width: int) -> tuple[bool, float, int]:
    return width > 1, sum(own == width for own in widths) / len(widths), width


def _has_blanks(text: str, mark: str) -> bool:
    """Tell whether a blank follows each separator in the first lines."""
    lines = [line for line in text[:SNIFFED].splitlines()[:20] if mark in line]
    return mark != " " and bool(lines) and all(line.count(mark) == line.count(mark + " ") for line in lines)
