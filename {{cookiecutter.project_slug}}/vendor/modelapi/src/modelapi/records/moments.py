"""Dates and times as text: as ISO 8601 writes them, or as the table of training did."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from modelapi.signature import Feature

MIN_YEAR, MAX_YEAR = 1678, 2261  # What pandas can hold in nanoseconds, which some estimators were fitted on.

# Those of RFC 2822 and of Europe; what strptime knows itself depends on the machine.
ZONES = {"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6}
ZONES |= {"PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3}
_ZONE = re.compile(rf"\b(?:UTC|GMT)(?=[+-]\d)|(?<=[\d ])({'|'.join(ZONES)})(?= |$)")
_WEEKDAY = re.compile(r"(?i:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?[.,]? +|\([A-Za-z ]+\)$")


def read_date_of(feature: Feature) -> Callable[[str], datetime]:
    """Make the function that reads a date as ISO 8601 writes it, or as the table of training did."""

    def read(text: str) -> datetime:
        try:
            return read_date(text)
        except ValueError:
            if feature.format is None:
                raise
            return read_date(text, feature.format)

    return read


def read_date(text: str, form: str | None = None) -> datetime:
    """Read a date or time, by default as ISO 8601 writes it, as naive UTC. Raises ValueError."""
    moment = datetime.strptime(without_names(text), form) if form else datetime.fromisoformat(text)
    try:
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        raise ValueError from None
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise ValueError
    return moment


def without_names(text: str) -> str:
    """Leave out the name of a weekday, and write that of a time zone as its offset."""
    text = _WEEKDAY.sub("", " ".join(text.split())).strip()
    return _ZONE.sub(lambda zone: f"{ZONES[zone[1]]:+03d}00" if zone[1] else "", text)
