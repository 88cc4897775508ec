"""Cells of text, as a CSV file holds them: typed by the signature, a column at a time."""

from collections.abc import Callable, Sequence
from typing import Any

from modelapi.records.columns import Columns, column
from modelapi.records.faults import FaultLog, MalformedRecords, Policy, listed, missing, wrong
from modelapi.records.headers import as_named, header_faults
from modelapi.records.moments import read_date_of
from modelapi.records.numbers import number_reader, whole
from modelapi.signature import Feature, label_name

# Cells that mean "not known", in training as in scoring.
MISSING = frozenset(["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"])
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Read = Callable[[str], Any]


class CellParser:
    """Turn rows of text under a header into columns."""

    def __init__(
        self,
        features: Sequence[Feature],
        header: Sequence[str],
        *,
        unknown_categories: Policy = "refuse",
        unknown_fields: Policy = "ignore",
        max_faults: int | None = None,
    ) -> None:
        """Raise RecordsError if the header does not fit, with pointers of the form `/column`."""
        self._features = features
        self._width = len(header)
        self._policy = unknown_categories
        names = [feature.name for feature in features]
        header = as_named(header, names)
        self._places = {name: place for place, name in enumerate(header)}
        self._read = {feature.name: _reader(feature, unknown_categories) for feature in features}
        self._max_faults = max_faults
        if not self._places.keys() & set(names):  # Perhaps it is a row, which is not to be repeated.
            raise MalformedRecords(
                f"the first line names no feature of this model, separated as expected: {listed(names)}"
            )
        header_faults(
            header,
            features,
            unknown_categories=unknown_categories,
            unknown_fields=unknown_fields,
            max_faults=max_faults,
        ).raise_if_any()

    def parse(self, rows: Sequence[Sequence[str]], start: int = 0) -> Columns:
        """Read rows, the first of which is row `start`. Raises RecordsError."""
        for number, row in enumerate(rows, start + 1):
            if len(row) != self._width:
                raise MalformedRecords(f"row {number} has {len(row)} cells, but the header has {self._width}")
        columns: Columns = {}
        log = FaultLog(self._max_faults)
        for feature in self._features:
            place = self._places.get(feature.name)
            if place is None:  # An empty cell might be a category.
                columns[feature.name] = column(feature, [None] * len(rows))
                continue
            cells = [row[place] for row in rows]
            read = self._read[feature.name]
            try:
                values = [read(cell) for cell in cells]
            except (ValueError, LookupError):
                self._note(feature, cells, start, log)
            else:
                columns[feature.name] = column(feature, values)
        log.faults.sort(key=lambda fault: fault.location[0])
        log.raise_if_any()
        return columns

    def _note(self, feature: Feature, cells: Sequence[str], start: int, log: FaultLog) -> None:
        absent, other = missing(feature, self._policy), wrong(feature, self._policy)
        for row, cell in enumerate(cells, start):
            try:
                self._read[feature.name](cell)
            except (ValueError, LookupError):
                log.add((row, feature.name), *(absent if cell.strip() in MISSING else other))


def _reader(feature: Feature, policy: Policy) -> Read:
    """Make the function that reads a cell, which raises ValueError or LookupError; a missing value is None."""
    named = {label_name(category): category for category in feature.categories or []}
    readers: dict[str, Read] = {
        "number": number_reader(feature.notation),
        "integer": whole(number_reader(feature.notation)),
        "boolean": lambda cell: BOOLEANS[cell.lower()],
        "string": str,
        "text": _text_of(feature),
        "datetime": read_date_of(feature),
    }
    read = readers[feature.type]
    known: dict[Any, Any] = {category: category for category in feature.categories or []}
    closed, is_free, is_category = feature.refuses_unknown(policy), feature.type == "text", feature.type == "string"
    # A text may say so too, and it may be empty.
    usual = MISSING if not is_free else frozenset([""] if feature.nullable else [])
    absent = usual.union(feature.gaps) - named.keys()  # A category may be called None.

    def read_cell(cell: str) -> object:
        if cell not in named and not is_free:
            bare = cell.strip()  # Blanks around a category are part of it if it is known with them, or not at all.
            if not is_category or bare in named or bare in absent:
                cell = bare
        if cell not in absent:
            return known[read(cell)] if closed else read(cell)
        if feature.nullable:
            return None
        raise ValueError

    return read_cell


def _text_of(feature: Feature) -> Read:
    def read(cell: str) -> str:
        if feature.max_length is not None and len(cell) > feature.max_length:
            raise ValueError
        return cell

    return read
