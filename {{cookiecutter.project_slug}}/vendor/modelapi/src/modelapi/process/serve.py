"""Serve the API with the current model: the production server.

It starts WORKERS processes, replaces those that end, takes up new models, and stops without losing a request. Its
settings are environment variables, or lines in .env.
"""

import gc
import os
import sys
from collections.abc import Sequence

from modelapi.engines import EngineError
from modelapi.options import Options
from modelapi.package import PackageError, current, read_signature
from modelapi.project import current_project
from modelapi.serving.output import is_terminal, protect_outputs
from modelapi.serving.shared import shared_folder
from modelapi.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Check that the server can start, run it until a signal ends it, and return the exit code."""
    parser = Options("serve", "Not started", str(__doc__), "", "--port 8081 --workers 1")
    for name in ("host", "port", "workers"):
        parser.add_argument(f"--{name}", help=f"as the setting {name.upper()}")
    for name, value in vars(parser.read(arguments)).items():
        if value is not None:
            os.environ[name.upper()] = value
    protect_outputs()
    project = current_project()
    project.make_importable()
    with shared_folder():  # Where metrics are counted, for who imports them to find.
        from modelapi.process.preflight import find_slips, preflight
        from modelapi.process.supervisor import Supervisor
        from modelapi.process.target import preload
        from modelapi.serving.example import welcome
        from modelapi.serving.logs import configure_logs, get_logger

        try:
            settings, engine = preflight(project)
            preload(project, engine)
            greeting = welcome(settings, read_signature(current(settings.model_dir))) if is_terminal() else ""
        except (SettingsError, PackageError, EngineError) as error:
            sys.exit(f"Not started: {error}")
        configure_logs(settings.log_level, settings.log_format)
        for name, near in find_slips(settings):
            get_logger().warning("no setting has a name that is in .env", name=name, did_you_mean=near)
        gc.collect()
        gc.freeze()  # Or the collector would touch, and so copy, each page in each worker.
        try:
            return Supervisor(settings, project, greeting).run()
        except SettingsError as error:
            sys.exit(f"Not started: {error}")
