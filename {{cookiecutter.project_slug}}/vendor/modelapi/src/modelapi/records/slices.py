"""A JSON list in memory, taken slice by slice: while one call parses or validates, no other thread runs.

Between two records is a comma, but so it is in strings and lists, and nobody knows yet whether the text is JSON. So a
slice is first cut where a comma most likely is one between records. What is a list of valid records then was cut right;
else the text is gone through to find where the records end, and cut there.
"""

import re
from typing import Any, NamedTuple

import numpy as np
from pydantic_core import from_json

from modelapi.records.faults import MalformedRecords, TooManyRecords

SLICE = 50_000  # Bytes, which take a millisecond or two.
MAX_NESTED = 500  # Lists and objects within a slice, each of which costs a validator more than a record does.

BETWEEN = re.compile(rb"}[ \t\r\n]*,")
QUOTE, COMMA = b'",'
DEPTH = np.zeros(256, dtype=np.int8)
DEPTH[list(b"[{")], DEPTH[list(b"]}")] = 1, -1
NOT_A_NUMBER = ": NaN and Infinity are none, send null for what is not known"


class Most(NamedTuple):
    """What a record may hold."""

    size: int = 1_000_000
    """Bytes, as of a row of a table."""
    values: int = 20_000
    """Of a record that is longer than two slices."""


class JsonList:
    """The slices of a text that begins as a list does."""

    def __init__(self, text: bytes, most: Most) -> None:
        self._text = text
        self._most = most
        self._start = text.index(b"[") + 1
        self._end = self._start
        self._is_first = True

    @property
    def is_left(self) -> bool:
        """Tell whether there is another slice."""
        return self._start <= len(self._text)

    def advance(self) -> None:
        """Go on behind the slice that was cut."""
        self._start, self._is_first = self._end + 1, False

    def likely(self) -> bytes | None:
        """Cut the next slice where it most likely ends; None if no such place is near, or it is better not tried."""
        text, start = self._text, self._start
        self._end, closing = len(text), b""
        if self._end - start > 2 * SLICE:
            found = BETWEEN.search(text, start + SLICE, start + 2 * SLICE)
            if found is None:
                return None
            self._end, closing = found.end() - 1, b"]"
        # To find nothing is ten times as fast as to count it.
        if text.find(b"[", start, self._end) >= 0 and text.count(b"[", start, self._end) > MAX_NESTED:
            return None
        return b"[" + text[start : self._end] + closing

    def load(self) -> list[Any]:
        """Cut the next slice where it ends, and load it. Raises MalformedRecords, or TooManyRecords if it is too long.

        A value before and behind it stand for those that are there.
        """
        self._end, is_whole = self._find_end()
        before, behind = b"[" if self._is_first else b"[0,", b",0]" if self._end < len(self._text) else b""
        try:
            content: list[Any] = load(before + self._text[self._start : self._end] + (behind if is_whole else b""))
        except Unreadable as error:
            if not is_whole and error.is_cut_off:
                raise too_long(self._most) from None
            raise self._place(error, len(before)) from None
        if not is_whole:
            raise too_long(self._most)
        return content[0 if self._is_first else 1 : -1 if behind else None]

    def _find_end(self) -> tuple[int, bool]:
        """Find the last comma between records in the next slice, or the first behind it, or the end of the text.

        Of a record that is too long, the place where that is known, and False.
        """
        if len(self._text) - self._start <= 2 * SLICE:
            return len(self._text), True
        scan = Scan(self._text, self._start)
        while scan.place < len(self._text):
            scan.step()
            if scan.comma is not None:
                return scan.comma, scan.comma - self._start <= self._most.size
            if scan.place - self._start > self._most.size or scan.values > self._most.values:
                return scan.place, False
            if scan.is_closed:
                break
        return len(self._text), len(self._text) - self._start <= self._most.size

    def _place(self, error: "Unreadable", before: int) -> MalformedRecords:
        """Say where in the whole text a slice, behind so many bytes, cannot be read."""
        line, column = error.line, error.column
        if line == 1:
            column += self._start - before - (self._text.rfind(b"\n", 0, self._start) + 1)
        return Unreadable(error.reason, line + self._text.count(b"\n", 0, self._start), column)


class Scan:
    """Goes through JSON, of which it takes nothing for granted, in steps of a slice."""

    def __init__(self, text: bytes, start: int) -> None:
        self._text = text
        self._depth = 0
        self._is_string = False
        self.place = start
        self.values = 1
        """Values up to the place."""
        self.comma: int | None = None
        """The last comma of the step that is in no list or object that began since the start."""
        self.is_closed = False
        """Whether a list or an object ends here that began before the start."""

    def step(self) -> None:
        """Look at the next bytes, up to the end of a slice or one more, so that no escape is cut."""
        start = self.place
        window = self._text[start : start + SLICE]
        if b"\\" in window:
            if (len(window) - len(window.rstrip(b"\\"))) % 2:
                window += self._text[start + len(window) : start + len(window) + 1]
            window = window.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
        self.place += len(window)
        codes = np.frombuffer(window, np.uint8)
        within = np.logical_xor.accumulate(codes == QUOTE) ^ self._is_string
        steps = np.where(within, 0, DEPTH[codes])
        depths = np.cumsum(steps, dtype=np.int64) + self._depth
        commas = ~within & (codes == COMMA)
        closing = np.flatnonzero(depths < 0)
        between = np.flatnonzero(commas & (depths == 0))
        if closing.size:
            self.is_closed = True
            between = between[between < closing[0]]
        self.comma = start + int(between[-1]) if between.size else None
        self.values += int(np.count_nonzero(commas) + np.count_nonzero(steps > 0))
        self._depth, self._is_string = int(depths[-1]), bool(within[-1])


class Unreadable(MalformedRecords):
    """A text that is no JSON, in this place."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        self.reason, self.line, self.column = reason, line, column
        super().__init__(f"the body is not valid JSON at line {line} column {column}{self.hint}")

    @property
    def is_cut_off(self) -> bool:
        """Tell whether it is valid as far as it goes."""
        return self.reason.startswith("EOF")

    @property
    def hint(self) -> str:
        """Name the cause that is seen most: what `json.dumps` writes for NaN."""
        return NOT_A_NUMBER if self.reason == "NaN" else ""


def load(text: bytes) -> Any:
    """Load JSON. Raises Unreadable."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)
    # The message itself can quote the text.
    place = re.search(r"at line (\d+) column (\d+)$", reason)
    line, column = map(int, place.groups()) if place else (1, 1)
    raise Unreadable("NaN" if _is_number(text, reason) else reason, line, column)


def load_one(text: bytes, most: Most) -> Any:
    """Load a single record, or whatever it is. Raises MalformedRecords, or TooManyRecords if it is too long."""
    if len(text) <= 2 * SLICE:
        return load(text)
    scan = Scan(text, 0)
    while scan.place < len(text):
        scan.step()
        if scan.place > most.size or scan.values > most.values:
            try:
                load(text[: scan.place])
            except Unreadable as error:
                if not error.is_cut_off:
                    raise
            raise too_long(most)
    return load(text)


def too_long(most: Most) -> TooManyRecords:
    """Say that a record is too long."""
    return TooManyRecords(f"a record may hold at most {most.size} bytes and {most.values} values")


def _is_number(text: bytes, reason: str) -> bool:
    """Tell whether NaN or Infinity is why a text cannot be loaded."""
    if b"NaN" not in text and b"Infinity" not in text:
        return False
    try:
        from_json(text)
    except ValueError as error:
        return str(error) != reason
    return True
