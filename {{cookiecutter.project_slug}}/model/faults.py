"""What is wrong with records, in words for the client who has to change them.

RecordsError
├── MalformedRecords    the bytes are no JSON, no CSV
├── InvalidRecords      well-formed, but not what the signature asks for; `faults` holds what is wrong
└── TooManyRecords      more records than allowed
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from model.signature import SAFE_INTEGER, Feature, label_name

Policy = Literal["refuse", "ignore"]

MAX_LISTED = 20


class RecordsError(ValueError):
    """Records that cannot be predicted, and it is the client who has to change them."""


class MalformedRecords(RecordsError):
    """The body is no JSON document, or no table."""


class TooManyRecords(RecordsError):
    """The body holds more records than one request may."""


class Fault(NamedTuple):
    """Where a fault is, by row (from 0) and name, and what is allowed there."""

    location: tuple[int | str, ...]
    detail: str

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901); a name of over 100 characters is left out."""
        names = (str(part).replace("~", "~0").replace("/", "~1") for part in self.location if len(str(part)) <= 100)
        return "".join(f"/{name}" for name in names)

    def of_its_row(self) -> "Fault":
        """Say the place within the row alone."""
        return Fault(self.location[1:], self.detail)

    def of_a_table(self) -> "Fault":
        """Say the number of the row too, from 1."""
        return Fault(self.location, f"row {int(self.location[0]) + 1}: {self.detail}")


class InvalidRecords(RecordsError):
    """The records do not fit the signature; of `count` faults, the first are in `faults`."""

    def __init__(self, faults: Sequence[Fault], count: int | None = None) -> None:
        self.faults = faults
        self.count = len(faults) if count is None else count
        super().__init__(f"the records do not fit the model in {self.count} place{'s' * (self.count > 1)}: see errors")


def allowed(feature: Feature, unknown_categories: Policy) -> str:
    """Say what a value of the feature must be."""
    if feature.refuses_unknown(unknown_categories):
        categories = [label_name(category) for category in feature.categories or []]
        more = f" and {len(categories) - MAX_LISTED} more that GET /model lists" * (len(categories) > MAX_LISTED)
        return f"must be one of: {', '.join(categories[:MAX_LISTED])}{more}"
    return {
        "number": "must be a finite number",
        "integer": f"must be a whole number of at most {SAFE_INTEGER} in size",
        "boolean": "must be true or false",
        "string": "must be a string",
        "datetime": "must be a date or time as ISO 8601 writes it (2026-11-21, 2026-11-21T08:30:00)",
    }[feature.type] + (" or null" if feature.nullable else "")


def missing(feature: Feature, unknown_categories: Policy) -> str:
    """Say that a value is missing, and what it must be."""
    return f"is missing: it {allowed(feature, unknown_categories)}"


def unknown(names: Sequence[str]) -> str:
    """Say that a field is no feature, and which are."""
    return f"is not a feature of this model, which are: {', '.join(names)}"
