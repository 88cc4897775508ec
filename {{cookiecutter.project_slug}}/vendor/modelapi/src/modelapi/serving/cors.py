"""CORS: which pages of other origins a browser lets call this API."""

import re
from collections.abc import Mapping

from modelapi.serving.answers import TEXT, Answer

EXPOSED = "X-Request-ID, X-Model-Version, Retry-After, RateLimit, RateLimit-Policy"
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-API-Key, X-Request-ID, "
    "Mcp-Protocol-Version, Mcp-Method, Mcp-Name",
    "Access-Control-Max-Age": "600",
}
ORIGIN = re.compile(r"https?://[^/\s;?#]+/?")


def read_origins(origins: str) -> set[str]:
    """Read "https://a.example, …" or "*". Raises ValueError."""
    found = {origin.strip() for origin in origins.split(",") if origin.strip()}
    if not all(origin == "*" or ORIGIN.fullmatch(origin) for origin in found):
        raise ValueError
    return {origin.rstrip("/") for origin in found}


class Cors:
    """Knows the origins that may call; by default none may."""

    def __init__(self, origins: str) -> None:
        """Take the setting CORS_ORIGINS. Raises ValueError."""
        self._origins = read_origins(origins)
        self.is_open = bool(self._origins)

    def headers(self, origin: bytes | None) -> Mapping[str, str]:
        """Return the headers that an answer to this origin has."""
        if not self.is_open:
            return {}
        text = (origin or b"").decode("latin-1")
        if "*" in self._origins:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        if text not in self._origins:
            return {"Vary": "Origin"}
        return {"Access-Control-Allow-Origin": text, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"}

    def allows(self, origin: str) -> bool:
        """Tell whether pages of an origin may call."""
        return not self._origins.isdisjoint(("*", origin))

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> Answer | None:
        """Answer the question that a browser asks before it sends what a form could not."""
        is_asked = method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
        return Answer(b"", TEXT, extra=ALLOWED) if self.is_open and is_asked else None
