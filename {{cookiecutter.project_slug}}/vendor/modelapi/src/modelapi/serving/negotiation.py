"""Media types: what a client sends (Content-Type) and what it takes (Accept), RFC 9110 §12."""

from collections.abc import Sequence

from modelapi.serving.answers import JSON, Problem


def require_media_type(content_type: str | None, content_encoding: str | None, allowed: Sequence[str]) -> str:
    """Return which of the allowed media types the body has, or raise a 415 Problem."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    accept = {"Accept": ", ".join(allowed)}
    if media_type not in allowed:
        raise Problem(415, f"send the body with the Content-Type {' or '.join(allowed)}", headers=accept)
    if (content_encoding or "identity").strip().lower() != "identity":
        raise Problem(415, "send the body without a Content-Encoding", headers=accept | {"Accept-Encoding": "identity"})
    return media_type


def choose_media_type(accept: str | None, offers: Sequence[str]) -> str:
    """Return the offer that the client likes best, the first of equals, or raise a 406 Problem."""
    ranges = [_media_range(part) for part in (accept or "*/*").split(",") if part.strip()]
    quality = {offer: _quality(offer, ranges) for offer in offers}
    best = max(offers, key=quality.__getitem__)
    if quality[best] <= 0:
        raise Problem(406, f"this path answers with {' or '.join(offers)}: allow that in the Accept header")
    return best


def prefers_html(accept: str) -> bool:
    """Tell whether a browser asks for something to look at, where others get JSON."""
    try:
        return choose_media_type(accept, [JSON, "text/html"]) != JSON
    except Problem:
        return False


def _media_range(text: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return media_type, float(parameter[2:])
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Find the quality of the most specific range that holds the offer."""
    for pattern in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        for media_type, quality in ranges:
            if media_type == pattern:
                return quality
    return 0.0
