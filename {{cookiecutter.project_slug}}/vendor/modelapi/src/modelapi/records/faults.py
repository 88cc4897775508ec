"""What is wrong with records, in words for the client who has to change them.

RecordsError
├── MalformedRecords    the bytes are no JSON, no CSV
├── InvalidRecords      well-formed, but not what the signature asks for; `faults` holds what is wrong
└── TooManyRecords      more records than allowed
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic_core import to_json

from modelapi.signature import SAFE_INTEGER, SAFE_NUMBER, Feature, label_name

Policy = Literal["refuse", "ignore"]

MAX_LISTED = 20  # Categories.
MAX_NAMES = 10  # Features.
MAX_LABEL = 100  # Characters of a name that is listed, or that is the client's.
MAX_BYTES = 200_000  # Of faults in an answer, which is not to be much longer than what was sent.
# What lets pass what is refused.
GAPS = "null is allowed in a feature that has gaps in the table of training, or in the sample that is packaged"
OTHER_CATEGORIES = "UNKNOWN_CATEGORIES=ignore allows other categories"
OTHER_FIELDS = "UNKNOWN_FIELDS=ignore allows fields that are no features"
SEE_ERRORS = ": see errors"  # Of a problem, which a text that lists the errors itself leaves out.
YEARS = "from 1678 to 2261"  # As modelapi.records.moments.read_date takes them.


class RecordsError(ValueError):
    """Records that cannot be predicted, and it is the client who has to change them."""


class MalformedRecords(RecordsError):
    """The body is no JSON document, or no table."""


class TooManyRecords(RecordsError):
    """The body holds more records than one request may."""


class Complaint(NamedTuple):
    """What is allowed, and what the owner of the API can do to have more allowed."""

    detail: str
    remedy: str = ""


class Fault(NamedTuple):
    """Where a fault is, by row (from 0) and name, and a complaint."""

    location: tuple[int | str, ...]
    detail: str
    remedy: str = ""

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901)."""
        names = (str(part).replace("~", "~0").replace("/", "~1") for part in self.location)
        return "".join(f"/{name}" for name in names)

    def of_its_row(self) -> "Fault":
        """Say the place within the row alone."""
        return self._replace(location=self.location[1:])

    def of_a_table(self) -> "Fault":
        """Say the number of the row too, from 1."""
        return self._replace(detail=f"row {int(self.location[0]) + 1}: {self.detail}")


class InvalidRecords(RecordsError):
    """The records do not fit the signature; of `count` faults, the first are in `faults`."""

    def __init__(self, faults: Sequence[Fault], count: int | None = None) -> None:
        self.faults = faults
        self.count = len(faults) if count is None else count
        places = f"{self.count} place{'s' * (self.count > 1)}"
        remedies = "; ".join(dict.fromkeys(fault.remedy for fault in faults if fault.remedy))
        super().__init__(f"the records do not fit the model in {places}{SEE_ERRORS}" + (remedies and f" ({remedies})"))


class FaultLog:
    """Counts faults, and keeps the first of them: a small body can have millions."""

    def __init__(self, limit: int | None) -> None:
        self.faults: list[Fault] = []
        self.count = 0
        self._limit = limit
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Tell whether no more faults are kept."""
        return self._limit is not None and (len(self.faults) >= self._limit or self._size > MAX_BYTES)

    def add_unknown(self, location: tuple[int | str, ...], name: str, complaint: Complaint) -> None:
        """Note a field that is no feature, so that its name is the client's: a long one is left out."""
        self.add((*location, name) if len(name) <= MAX_LABEL else location, *complaint)

    def add(self, location: tuple[int | str, ...], detail: str, remedy: str = "") -> None:
        """Note a fault."""
        self.count += 1
        if not self.is_full:
            fault = Fault(location, detail, remedy)
            self.faults.append(fault)
            self._size += len(to_json([fault.pointer, detail]))

    def extend(self, error: InvalidRecords) -> None:
        """Note the faults of a part."""
        for fault in error.faults:
            self.add(*fault)
        self.count += error.count - len(error.faults)

    def raise_if_any(self) -> None:
        """Raise InvalidRecords if there are faults."""
        if self.count:
            raise InvalidRecords(self.faults, self.count)


def allowed(feature: Feature, unknown_categories: Policy) -> str:
    """Say what a value of the feature must be."""
    if feature.refuses_unknown(unknown_categories):
        known = [label_name(category) for category in feature.categories or []]
        what = f": {listed(known, MAX_LISTED)}" if feature.listed else f" the {len(known)} values that the model knows"
        return f"must be one of{what}" + (" or null" if feature.nullable else "")
    return (
        {
            "number": f"must be a number of at most {SAFE_NUMBER:g} in size",
            "integer": f"must be a whole number of at most {SAFE_INTEGER} in size",
            "boolean": "must be true or false",
            "string": "must be a string",
            "text": f"must be a text of at most {feature.max_length} characters",
            "datetime": f"must be a date or time as ISO 8601 writes it (2026-11-21, 2026-11-21T08:30:00), {YEARS}",
        }[feature.type]
        + (f" or {feature.format}" if feature.format else "")
        + (" or null" if feature.nullable else "")
    )


def wrong(feature: Feature, unknown_categories: Policy) -> Complaint:
    """Say what a value must be."""
    is_choice = feature.refuses_unknown(unknown_categories) and feature.takes_unknown
    return Complaint(allowed(feature, unknown_categories), OTHER_CATEGORIES if is_choice else "")


def missing(feature: Feature, unknown_categories: Policy, how: str = "missing") -> Complaint:
    """Say that a value is missing or null, and what it must be."""
    return Complaint(f"is {how}: it {allowed(feature, unknown_categories)}", GAPS)


def unknown(names: Sequence[str]) -> Complaint:
    """Say that a field is no feature, and which are."""
    return Complaint(f"is not a feature of this model, which are: {listed(names)}", OTHER_FIELDS)


def too_many(most: int) -> TooManyRecords:
    """Say how many records a request may hold."""
    return TooManyRecords(f"a request may hold at most {most} records: send fewer at a time")


def listed(names: Sequence[str], most: int = MAX_NAMES) -> str:
    """List the first names, long ones cut, and say how many more there are."""
    shown = ", ".join(name if len(name) <= MAX_LABEL else f"{name[:MAX_LABEL]}…" for name in names[:most])
    return shown + (f" and {len(names) - most} more that GET /model lists" if len(names) > most else "")
