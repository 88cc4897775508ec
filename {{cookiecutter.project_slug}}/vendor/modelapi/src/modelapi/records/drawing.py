"""Records drawn by chance from what a signature says, as clients may send them: for load tests and for yours."""

from datetime import datetime
from random import Random
from typing import Any

from modelapi.signature import Feature, Label, Signature

GAPS = 0.1  # Of the values that may be missing.
WORDS = ("a", "and", "never", "of", "often", "old", "quite", "red", "small", "the", "time", "very", "water", "with")
MAX_WORDS = 40


def draw(signature: Signature, random: Random | None = None) -> dict[str, Label | None]:
    """Draw a record: numbers and dates from the range seen, one of the categories, made-up text, now and then a gap.

    signature : of a package or, as clients see it, of `GET /model`: what is not listed there is as in the example.
    """
    random = random or Random()  # No secret.
    return {feature.name: draw_value(feature, random) for feature in signature.features}


def draw_value(feature: Feature, random: Random) -> Label | None:
    """Draw a value of a feature, None if it may be missing and is."""
    if feature.nullable and random.random() < GAPS:
        return None
    if feature.type == "boolean":
        return random.random() < 0.5
    if feature.categories:
        return random.choice(feature.categories)
    if feature.type == "text":
        words = random.choices(WORDS, k=random.randint(1, MAX_WORDS))
        return " ".join(words)[: feature.max_length].strip() or feature.example
    if feature.minimum is None or feature.maximum is None:
        return feature.example
    return _between(feature, feature.minimum, feature.maximum, random)


def _between(feature: Feature, low: Any, high: Any, random: Random) -> Label:
    if feature.type == "integer":
        return random.randint(int(low), int(high))
    if feature.type == "datetime":
        first, last = datetime.fromisoformat(low), datetime.fromisoformat(high)
        moment = first + random.random() * (last - first)
        return moment.date().isoformat() if len(low) == len(high) == len("2026-01-31") else moment.isoformat()
    # As people write them; rounding must not leave the range.
    return float(min(max(float(f"{random.uniform(low, high):.6g}"), low), high))
