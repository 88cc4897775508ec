"""In what the model of an API differs from the one that a client was made for."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Content = Mapping[str, Any]


class Difference(NamedTuple):
    """A sentence, and whether a client that was made before can go on."""

    text: str
    is_harmless: bool = False


def compare(own: Content, theirs: Content) -> list[Difference]:
    """Say in what the signature of the model that is served differs from our own.

    It is harmless to take what was not taken before: a feature that may be left out, a gap, a category.
    """
    return [*_features(_by_name(own["features"]), _by_name(theirs["features"])), *_targets(own, theirs)]


def _features(own: Mapping[str, Content], theirs: Mapping[str, Content]) -> Iterator[Difference]:
    for name, feature in own.items():
        if name not in theirs:
            yield Difference(f'feature "{name}" is not taken any more')
        else:
            yield from _feature(name, feature, theirs[name])
    for name, feature in theirs.items():
        if name not in own:
            needed = "may be given" if feature["nullable"] else "is asked for"
            yield Difference(f'feature "{name}" {needed}, which this client does not know', feature["nullable"])


def _feature(name: str, own: Content, theirs: Content) -> Iterator[Difference]:
    if own["type"] != theirs["type"]:
        yield Difference(f'feature "{name}" is of type {theirs["type"]} and not {own["type"]}')
        return
    if own["nullable"] and not theirs["nullable"]:
        yield Difference(f'feature "{name}" may not be missing any more')
    elif theirs["nullable"] and not own["nullable"]:
        yield Difference(f'feature "{name}" may be missing now', is_harmless=True)
    if own["categories"] is not None and theirs["categories"] is not None:
        yield from _values(f'feature "{name}"', "categories", own, theirs, more_is_harmless=True)


def _targets(own: Content, theirs: Content) -> Iterator[Difference]:
    if own["task"] != theirs["task"]:
        yield Difference(f"the task is {theirs['task']} and not {own['task']}")
    ours, others = (_by_name(one["target"]["outputs"] or [one["target"]]) for one in (own, theirs))
    if list(ours) != list(others):
        yield Difference(f"what is predicted is {_listed(others)} and not {_listed(ours)}")
        return
    for name, target in ours.items():
        if target["type"] != others[name]["type"]:
            yield Difference(f'target "{name}" is of type {others[name]["type"]} and not {target["type"]}')
        else:
            yield from _values(f'target "{name}"', "classes", target, others[name])
    for what in ("probabilities", "scores", "explains"):
        if own[what] not in (None, False) and theirs[what] in (None, False):
            yield Difference(f"the model gives no {'explanations' if what == 'explains' else what} any more")


def _values(
    what: str, kind: str, own: Content, theirs: Content, more_is_harmless: bool = False
) -> Iterator[Difference]:
    ours, others = own[kind] or [], theirs[kind] or []
    if lost := [value for value in ours if value not in others]:
        yield Difference(f"{what} has the {kind} {_listed(lost)} no more")
    if new := [value for value in others if value not in ours]:
        yield Difference(f"{what} has new {kind}: {_listed(new)}", more_is_harmless)


def _by_name(parts: list[Content]) -> dict[str, Content]:
    return {part["name"]: part for part in parts}


def _listed(values: Any, most: int = 10) -> str:
    shown = [f'"{value}"' if isinstance(value, str) else str(value).lower() for value in values]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")
