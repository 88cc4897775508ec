"""Records drawn from a signature: within and beyond what was seen in training, with gaps and unknown categories."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from modelapi.packaging.mutations import UNKNOWN
from modelapi.packaging.odd_texts import ODD
from modelapi.records.faults import Policy
from modelapi.signature import SAFE_INTEGER, Feature, Signature

SEED = 0
SHARE = 0.1  # Of gaps, and of what was not seen in training.


def draw(signature: Signature, n: int, policy: Policy, words: list[str]) -> list[dict[str, Any]]:
    """Draw n records that the API takes; texts are of these words. The same each time."""
    random = Random(SEED)  # nosec B311 # It keeps no secret.
    return [_record(signature, random, policy, words) for _ in range(n)]


def _record(signature: Signature, random: Random, policy: Policy, words: list[str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for feature in signature.features:
        if not feature.nullable or random.random() > SHARE:
            record[feature.name] = _value(feature, random, policy, words)
        elif random.random() < 0.5:
            record[feature.name] = None
    return record


def _value(feature: Feature, random: Random, policy: Policy, words: list[str]) -> Any:
    if feature.categories:
        if feature.refuses_unknown(policy) or random.random() > SHARE:
            return random.choice(feature.categories)
        return feature.maximum + 1 if isinstance(feature.maximum, float) else UNKNOWN
    if feature.type == "boolean":
        return random.random() < 0.5
    if feature.type in ("text", "string"):
        return _text(feature, random, words)
    if feature.minimum is None or feature.maximum is None:
        return feature.example
    share = random.uniform(-SHARE, 1 + SHARE)
    if isinstance(feature.minimum, str) or isinstance(feature.maximum, str):
        return _moment(str(feature.minimum), str(feature.maximum), share)
    value = feature.minimum + share * (feature.maximum - feature.minimum)
    return max(-SAFE_INTEGER, min(round(value), SAFE_INTEGER)) if feature.type == "integer" else value


def _text(feature: Feature, random: Random, words: list[str]) -> str:
    known = [*words, *str(feature.example).split()] or [UNKNOWN]
    parts = [
        random.choice(ODD) if random.random() < SHARE else random.choice(known) for _ in range(random.randint(0, 12))
    ]
    return " ".join(parts)[: feature.max_length]


def _moment(minimum: str, maximum: str, share: float) -> str:
    first, last = (datetime.fromisoformat(end) for end in (minimum, maximum))
    moment = first + share * (last - first + timedelta(hours=1))
    return moment.isoformat(timespec="seconds")
