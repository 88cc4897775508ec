"""The keys that open the API: whose a key is, and what is open without one."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from modelapi.serving.answers import Problem

PREFIX = "mapi_"  # So that scanners for secrets find a key that has leaked.
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
ENTRIES = (
    "empty, or name:hash for each key, with commas between: names of up to 64 letters, digits, dots, underscores and "
    "hyphens, each once; hashes of 64 hex digits, never the key itself (make api-key writes both)"
)
OPEN = frozenset({"/", "/health", "/ready", "/docs", "/redoc", "/openapi.json", "/llms.txt"})
STATIC = "/static/"
METRICS = "/metrics"


class Keys:
    """Knows the hashes of the keys; without any, no key is asked for."""

    def __init__(self, entries: str, *, public_metrics: bool = True) -> None:
        """Take the settings API_KEYS and PUBLIC_METRICS. Raises ValueError."""
        self._names = [(digest, name) for name, digest in read_entries(entries).items()]
        self._open = OPEN | {METRICS} if public_metrics else OPEN
        self.are_asked_for = bool(self._names)

    @property
    def open(self) -> list[str]:
        """The paths that are for all, save those of the pages' files."""
        return sorted(self._open)

    def is_open(self, path: str) -> bool:
        """Tell whether a path is for all, without key or limit; what is not known here, as a route you add, is not."""
        return path in self._open or (path.startswith(STATIC) and "/" not in path[len(STATIC) :])

    def are_given(self, authorization: bytes | None, x_api_key: bytes | None) -> bool:
        """Tell whether there is any key in the headers."""
        return bool(_given(authorization, x_api_key))

    def principal(self, authorization: bytes | None, x_api_key: bytes | None) -> str:
        """Return the name of the key in the headers, or "" if none is asked for. Raises a 401 Problem."""
        if not self.are_asked_for:
            return ""
        given = _given(authorization, x_api_key)
        if not given:
            raise _refusal("send a key in the header Authorization, after the word Bearer, or in X-API-Key")
        if len(given) > 1:
            raise _refusal("Authorization and X-API-Key hold different keys: send one key")
        digest = digest_of(given.pop())
        found = ""
        for known, name in self._names:  # To the end, whichever it is: time tells nothing.
            if hmac.compare_digest(known, digest):
                found = name
        if not found:
            raise _refusal("this key is not known here: ask those who run this API for another")
        return found


def make_key() -> str:
    """Make a key that nobody guesses."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: bytes) -> bytes:
    """Hash a key; it is random and long, so nobody can try them all, as they could with passwords and a fast hash."""
    return hashlib.sha256(key).digest()


def read_entries(entries: str) -> dict[str, bytes]:
    """Read "name:hash, …" as the digest of each name. Raises ValueError, which does not repeat a value."""
    parts = [part.strip() for part in entries.split(",") if part.strip()]
    digests: dict[str, bytes] = {}
    for part in parts:
        name, _, digest = part.partition(":")
        if not NAME.fullmatch(name) or name in digests or not re.fullmatch(r"[0-9A-Fa-f]{64}", digest):
            raise ValueError(ENTRIES)
        digests[name] = bytes.fromhex(digest)
    return digests


def write_entries(digests: Iterable[tuple[str, bytes]]) -> str:
    """Write what read_entries reads."""
    return ",".join(f"{name}:{digest.hex()}" for name, digest in digests)


def _given(authorization: bytes | None, x_api_key: bytes | None) -> set[bytes]:
    # Another scheme than Bearer is between the client and a proxy.
    return {key for key in (_bearer(authorization), x_api_key) if key}


def _bearer(authorization: bytes | None) -> bytes:
    if authorization is None or authorization[:7].lower() != b"bearer ":
        return b""
    return authorization[7:].strip()


def _refusal(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
