"""What is checked before the server starts, so that a start that must fail says why in one line."""

import errno
import socket
import sys

from modelapi.settings import Settings, SettingsError, load_settings
from modelapi import package
from modelapi.package import PackageError


def preflight() -> Settings:
    """Return the settings if the server can start with them; else exit with one line that says what to do."""
    try:
        settings = load_settings()
        folder = package.current(settings.model_dir)
        package.verify(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)
        check_address(settings.host, settings.port)
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not started: {error}")
    return settings


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
