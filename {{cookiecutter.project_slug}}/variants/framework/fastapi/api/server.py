"""The production server: `python -m api.server`."""

import sys

from api import uvicorn_server
from api.slots import shared_folder


def main() -> None:
    """Check that the server can start, and run it until a signal ends it."""
    with shared_folder():
        uvicorn_server.preload()  # While this process imports what follows, and checks.
        from api.logs import configure_logs
        from api.preflight import preflight

        settings = preflight()
        configure_logs(settings)
        if settings.server == "gunicorn":
            sys.exit("Not started: SERVER=gunicorn is for Flask, and this is FastAPI: leave SERVER out")
        uvicorn_server.run(settings)


if __name__ == "__main__":
    main()
