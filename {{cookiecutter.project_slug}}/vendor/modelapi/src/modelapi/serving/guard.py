"""Who may come in: CORS, keys and rates, before any route and inside all that the owner put around the routes."""

from collections.abc import Mapping

from modelapi.serving.answers import Answer
from modelapi.serving.exchange import Exchange
from modelapi.serving.rates import identify

Headers = Mapping[bytes, bytes]

PROBLEM = "modelapi.problem"  # The key in an environ of WSGI of what the server found before it ran the application.


async def admit(exchange: Exchange, method: str, path: str, headers: Headers, address: str) -> Answer | None:
    """Let a request in, or answer what a browser asks before it sends one. Raises a 401 or 429 Problem."""
    preflight = exchange.service.cors.preflight(method, headers)
    if not preflight and _is_limited(exchange, path, headers):
        exchange.extra = {**exchange.extra, **await exchange.service.rates.take(identify(exchange.principal, address))}
    return preflight


def admit_in_thread(exchange: Exchange, method: str, path: str, headers: Headers, address: str) -> Answer | None:
    """Do as `admit` does, where there is no event loop. Raises a 401 or 429 Problem."""
    preflight = exchange.service.cors.preflight(method, headers)
    if not preflight and _is_limited(exchange, path, headers):
        limits = exchange.service.rates.take_in_thread(identify(exchange.principal, address))
        exchange.extra = {**exchange.extra, **limits}
    return preflight


def _is_limited(exchange: Exchange, path: str, headers: Headers) -> bool:
    """Note whose key it is, and tell whether the request counts. Raises a 401 Problem."""
    keys = exchange.service.keys
    if keys.is_open(path):
        return False
    exchange.principal = keys.principal(headers.get(b"authorization"), headers.get(b"x-api-key"))
    return exchange.service.rates.are_limited
