"""Records drawn from a signature, of which some values are beyond what was seen in training, unknown or odd."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from modelapi.packaging.mutations import UNKNOWN
from modelapi.packaging.odd_texts import ODD
from modelapi.records.drawing import draw_value
from modelapi.records.faults import Policy
from modelapi.signature import SAFE_INTEGER, Feature, Signature

SEED = 0
SHARE = 0.1  # Of values that are not as in training.
MAX_WORDS = 12


def draw(signature: Signature, n: int, policy: Policy, words: list[str]) -> list[dict[str, Any]]:
    """Draw n records that the API takes, the same each time; texts are of these words."""
    random = Random(SEED)  # nosec B311 # It keeps no secret.
    return [_record(signature, random, policy, words) for _ in range(n)]


def _record(signature: Signature, random: Random, policy: Policy, words: list[str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for feature in signature.features:
        value = draw_value(feature, random)
        if value is not None:
            record[feature.name] = _text(feature, random, words) if feature.type == "text" else value
            if random.random() < SHARE:
                record[feature.name] = _strange(feature, record[feature.name], random, policy)
        elif random.random() < 0.5:  # Or it is left out.
            record[feature.name] = None
    return record


def _strange(feature: Feature, value: Any, random: Random, policy: Policy) -> Any:
    low, high = feature.minimum, feature.maximum
    if feature.categories:
        unknown = high + 1 if isinstance(high, float) else UNKNOWN
        return value if feature.refuses_unknown(policy) else unknown
    if isinstance(low, float) and isinstance(high, float):
        beyond = value + random.choice((-1, 1)) * (high - low)
        return max(-SAFE_INTEGER, min(round(beyond), SAFE_INTEGER)) if feature.type == "integer" else beyond
    if feature.type == "datetime":
        return (datetime.fromisoformat(value) + timedelta(days=400, minutes=random.random())).isoformat()
    return value


def _text(feature: Feature, random: Random, words: list[str]) -> str:
    known = [*words, *str(feature.example).split()] or [UNKNOWN]
    n_words = random.randint(0, MAX_WORDS)
    parts = [random.choice(ODD if random.random() < SHARE else known) for _ in range(n_words)]
    return " ".join(parts)[: feature.max_length]
