"""Who may come in: CORS, keys and rates, before any route and inside all that the owner put around the routes."""

from collections.abc import Mapping

from modelapi.serving.answers import Answer
from modelapi.serving.describe import card_with_key
from modelapi.serving.exchange import Exchange
from modelapi.serving.negotiation import prefers_html
from modelapi.serving.rates import identify

Headers = Mapping[bytes, bytes]

PROBLEM = "modelapi.problem"  # The key in an environ of WSGI of what the server found before it ran the application.


async def admit(exchange: Exchange, method: str, path: str, headers: Headers, address: str) -> Answer | None:
    """Let a request in, or answer what needs no key. Raises a 401 or 429 Problem."""
    answer = _answer(exchange, method, path, headers)
    if not answer and _is_limited(exchange, path, headers):
        exchange.extra = {**exchange.extra, **await exchange.service.rates.take(identify(exchange.principal, address))}
    return answer


def admit_in_thread(exchange: Exchange, method: str, path: str, headers: Headers, address: str) -> Answer | None:
    """Do as `admit` does, where there is no event loop. Raises a 401 or 429 Problem."""
    answer = _answer(exchange, method, path, headers)
    if not answer and _is_limited(exchange, path, headers):
        limits = exchange.service.rates.take_in_thread(identify(exchange.principal, address))
        exchange.extra = {**exchange.extra, **limits}
    return answer


def _answer(exchange: Exchange, method: str, path: str, headers: Headers) -> Answer | None:
    """Answer what a browser asks before it sends a request, and a link to a card, which brings no key."""
    if preflight := exchange.service.cors.preflight(method, headers):
        return preflight
    keys = exchange.service.keys
    if not keys.are_asked_for or method not in ("GET", "HEAD"):
        return None
    if keys.are_given(headers.get(b"authorization"), headers.get(b"x-api-key")):
        return None
    return card_with_key(exchange, path) if prefers_html(headers.get(b"accept", b"").decode("latin-1")) else None


def _is_limited(exchange: Exchange, path: str, headers: Headers) -> bool:
    """Note whose key it is, and tell whether the request counts. Raises a 401 Problem."""
    keys = exchange.service.keys
    if keys.is_open(path):
        return False
    exchange.principal = keys.principal(headers.get(b"authorization"), headers.get(b"x-api-key"))
    return exchange.service.rates.are_limited
