"""A WSGI application below ASGI."""

from typing import Any

from modelapi.process.target import Target


def below_asgi(target: Target) -> Any:
    """Return the application as one of ASGI."""
    if not hasattr(target.app, "wsgi_app"):
        return target.app
    from a2wsgi import WSGIMiddleware
    return WSGIMiddleware(target.app, workers=40)
