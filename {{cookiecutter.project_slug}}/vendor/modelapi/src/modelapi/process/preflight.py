"""What is checked before the server starts, so that a start that must fail says why in one line."""

import difflib
import errno
import importlib
import socket
from collections.abc import Iterator

from dotenv import dotenv_values

from modelapi import package
from modelapi.process.files import check_open_files
from modelapi.project import Project
from modelapi.serving.settings import Settings
from modelapi.settings import SettingsError
from modelapi.tunnels import TunnelSettings

ALIKE = 0.85  # From which on a name is taken for one that is mistyped.


def preflight(project: Project) -> tuple[Settings, str]:
    """Return the settings and the engine of the model if the server can start with them.

    Raises SettingsError or PackageError with one line that says what to do. That the model can be loaded, each worker
    sees for itself.
    """
    settings = load_settings(project)
    folder = package.current(settings.model_dir)
    manifest = package.verify(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)
    check_open_files(settings.workers)
    check_address(settings.host, settings.port)
    return settings, manifest.engine


def load_settings(project: Project) -> Settings:
    """Load the settings of the class in the project's api/settings.py, if it has one. Raises SettingsError."""
    if not (project.root / "api" / "settings.py").is_file():
        return Settings.load()
    project.make_importable()
    own: type[Settings] = importlib.import_module("api.settings").Settings
    return own.load()


def find_slips(settings: Settings) -> Iterator[tuple[str, str]]:
    """Name what is in .env and is no setting, with the setting that it seems to mean."""
    given = {name.upper() for name in dotenv_values(settings.project.root / ".env")}
    known = {name.upper() for name in (*type(settings).model_fields, *TunnelSettings.model_fields)}
    for name in sorted(given - known):
        for near in difflib.get_close_matches(name, known - given, 1, ALIKE):
            yield name, near


def check_address(host: str, port: int) -> None:
    """Raise SettingsError if nothing can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(f"PORT {port} is in use: stop the other program, or set PORT to another") from None
        if error.errno == errno.EACCES:
            raise SettingsError(f"PORT {port} is not allowed to this user: set PORT to 1024 or above") from None
        raise SettingsError(f"HOST and PORT name no address of this machine: {error.strerror}") from None
