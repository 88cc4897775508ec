"""The names of a table's columns, compared with the features."""

from collections import Counter
from collections.abc import Collection, Sequence

from modelapi.records.faults import FaultLog, Policy, missing, unknown
from modelapi.signature import Feature


def header_faults(
    header: Sequence[str],
    features: Sequence[Feature],
    *,
    unknown_categories: Policy,
    unknown_fields: Policy,
    max_faults: int | None,
) -> FaultLog:
    """Note what is wrong with a header, with pointers of the form `/column`."""
    names = [feature.name for feature in features]
    times = Counter(header)
    log = FaultLog(max_faults)
    for feature in features:
        if feature.name not in times and not feature.nullable:
            log.add((feature.name,), *missing(feature, unknown_categories))
    if unknown_fields == "refuse":
        complaint, known = unknown(names), set(names)
        for name in times:
            if name and name not in known:
                log.add_unknown((), name, complaint)
    for name in names:
        if times[name] > 1:
            log.add((name,), "is there twice")
    return log


def as_named(header: Sequence[str], names: Collection[str]) -> list[str]:
    """Take blanks off those names of a header that are known without them."""
    return [name.strip() if name not in names and name.strip() in names else name for name in header]
