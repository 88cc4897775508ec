"""What a model is not good for, as far as its signature and its rows tell."""

from __future__ import annotations

from modelapi.packaging.card.evidence import Evidence
from modelapi.packaging.card.html import Content, Markup, listing
from modelapi.signature import Feature, Signature

FEW_ROWS = 500


def limits(signature: Signature, evidence: Evidence) -> Markup:
    """List them in sentences."""
    return listing([*_of_features(signature), *_of_rows(signature, evidence)])


def _of_features(signature: Signature) -> list[Content]:
    features, source = signature.features, signature.source
    told: list[Content] = []
    if any(feature.minimum is not None for feature in features):
        told.append(f"Outside the ranges seen in {source} it only guesses: warnings, if asked for, say where.")
    if strict := [feature for feature in features if feature.categories is not None and not feature.takes_unknown]:
        told.append(f"It takes no other categories than those seen of {_names(strict)}.")
    if any(feature.categories is not None and feature.takes_unknown for feature in features):
        told.append("Categories that it has not seen tell it nothing: they are refused, or ignored if so set.")
    if required := [feature for feature in features if not feature.nullable]:
        told.append(f"It needs a value of {_names(required)}: none was missing in {source}.")
    return told


def _of_rows(signature: Signature, evidence: Evidence) -> list[Content]:
    told: list[Content] = []
    if signature.seen_in == "sample":
        told.append(f"Ranges and categories are those of {signature.n_samples:,} rows of a sample, not of all.")
    elif signature.n_samples < FEW_ROWS:
        told.append(f"It learned from {signature.n_samples:,} rows only.")
    if evidence.folds:
        told.append("Rows were split at random: where they depend on each other or on time, new ones are harder.")
    if evidence.is_judged:
        told.append("That a feature matters to the model does not say that it is a cause of what is predicted.")
    return told


def _names(features: list[Feature]) -> str:
    names = [feature.title or feature.name for feature in features]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} others" if len(names) > 10 else "")
