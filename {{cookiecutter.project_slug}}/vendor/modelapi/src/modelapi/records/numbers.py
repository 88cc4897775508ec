"""Numbers as cells of text hold them: as programs write them, or as the table of training did (1.234,56; (5); 45%)."""

import re
from collections.abc import Callable

from modelapi.signature import SAFE_INTEGER, SAFE_NUMBER, Notation

_ALIKE = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\u2212": "-"})


def read_number(cell: str) -> float:
    """Read a number as programs write it. Raises ValueError."""
    value = float(cell)
    # Python reads 1_000 and digits of other scripts as numbers; training on a table does not.
    if not abs(value) <= SAFE_NUMBER or "_" in cell or not cell.isascii():
        raise ValueError
    return value


def number_reader(notation: Notation | None) -> Callable[[str], float]:
    """Make the function that reads a number in a notation, or plainly; it raises ValueError."""
    if notation is None:
        return read_number
    matches = number_pattern(notation).fullmatch

    def read(cell: str) -> float:
        match = matches(tidy(cell))
        if match is None:
            if notation.thousands == ".":  # 1.500 is no 1.5 here.
                raise ValueError
            return read_number(cell)
        value = plain_number(match["number"], notation)
        return -value if match["open"] or "-" in (match["sign"], match["inner"]) else value

    return read


def whole(read: Callable[[str], float]) -> Callable[[str], float]:
    """Let a function that reads numbers take whole ones alone."""

    def read_whole(cell: str) -> float:
        value = read(cell)
        if value % 1 or abs(value) > SAFE_INTEGER:
            raise ValueError
        return value

    return read_whole


def number_pattern(notation: Notation) -> re.Pattern[str]:
    """Describe the numbers of a notation, with a unit or without it, negative with a sign or in parentheses."""
    before, after = re.escape(notation.before), re.escape(notation.after)
    return re.compile(
        rf"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?:{before})?\s*(?P<inner>[+-])?\s*(?P<number>{digits(notation)})"
        rf"\s*(?:{after})?\s*(?(open)\))",
        re.ASCII,
    )


def digits(notation: Notation) -> str:
    """Describe the digits of a number: grouped, as in India too, or not."""
    decimal, mark = re.escape(notation.decimal), re.escape(notation.thousands)
    whole_part = r"\d+"
    if mark:
        between = r"\d{2,3}" if notation.thousands == "," else r"\d{3}"
        whole_part = rf"(?:[1-9]\d{{0,2}}(?:{mark}{between})*{mark}\d{{3}}|\d+)"
    return rf"(?:{whole_part}(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?"


def plain_number(text: str, notation: Notation) -> float:
    """Read the digits of a number without its sign and unit. Raises ValueError."""
    ungrouped = text.replace(notation.thousands, "") if notation.thousands else text
    return read_number(ungrouped.replace(notation.decimal, "."))


def tidy(cell: str) -> str:
    """Write blanks, apostrophes and minus signs in the one way that a keyboard has."""
    return cell.strip() if cell.isascii() else cell.translate(_ALIKE).strip()
