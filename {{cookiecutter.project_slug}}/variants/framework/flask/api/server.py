"""The production server: `python -m api.server`."""

import os

from api import uvicorn_server
from api.slots import shared_folder


def main() -> None:
    """Check that the server can start, and run it until a signal ends it."""
    with shared_folder():
        if os.environ.get("SERVER") != "gunicorn":
            uvicorn_server.preload()  # While this process imports what follows, and checks.
        from api.logs import configure_logs
        from api.preflight import preflight

        settings = preflight()
        configure_logs(settings)
        if settings.server == "gunicorn":
            from api import gunicorn_server

            gunicorn_server.run(settings)
        else:
            uvicorn_server.run(settings)


if __name__ == "__main__":
    main()
