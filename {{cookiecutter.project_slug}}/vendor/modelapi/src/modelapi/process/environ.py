"""The environ of WSGI, made of the scope of ASGI."""

import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes


def build_environ(scope: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return the environ of a request, still without wsgi.input."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").encode().decode("latin-1")
    if not path.isascii():  # Only the raw path still has bytes that are not UTF-8.
        path = unquote_to_bytes(scope.get("raw_path") or path).decode("latin-1")
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": path.removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in scope["headers"]:
        key, text = _key(name), value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


@lru_cache(maxsize=1024)
def _key(name: bytes) -> str:
    """Return the key of a header, whose name holds no underscore."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
