"""The production server, uvicorn: `python -m api.server`."""

import uvicorn

from api.logs import configure_logs
from api.preflight import preflight


def main() -> None:
    """Check that the server can start, and run it until a signal ends it."""
    settings = preflight()
    configure_logs(settings)
    uvicorn.run(
        "asgi:app",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=None,  # api/logs.py has done it.
        lifespan="on",  # With "auto", a start that fails is taken for an application without one.
        access_log=False,  # Each request has its own line already.
        server_header=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
