"""The production server: `python -m modelapi.process.serve`."""

import multiprocessing
import os
import sys
from multiprocessing import forkserver

from modelapi.serving.shared import shared_folder


def main() -> int:
    """Check that the server can start, run it until a signal ends it, and return the exit code."""
    with shared_folder():
        if os.environ.get("SERVER") != "gunicorn":
            # The process from which the workers are forked imports, while this one checks.
            multiprocessing.set_forkserver_preload(["api.preload"])
            forkserver.ensure_running()
        from modelapi.serving.logs import configure_logs
        from modelapi.process.preflight import preflight

        settings = preflight()
        configure_logs(settings)
        if settings.server == "gunicorn":
            try:
                from api.gunicorn_server import Gunicorn
            except ImportError:
                sys.exit(
                    "Not started: SERVER=gunicorn, which is not installed: "
                    'add gunicorn to requirements/common.txt and run "make develop", or set SERVER=uvicorn'
                )
            Gunicorn(settings).run()
            return 0
        from modelapi.process.supervisor import Supervisor

        return Supervisor(settings).run()


if __name__ == "__main__":
    sys.exit(main())
