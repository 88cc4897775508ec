"""Go back to the version before the current one, or to another, also a newer one."""

import sys
from collections.abc import Sequence
from pathlib import Path

from modelapi import package
from modelapi.options import Options
from modelapi.package import PackageError, versions
from modelapi.settings import PackageSettings, SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Make an older version the current one, and say which."""
    parser = Options("rollback", "Not rolled back", str(__doc__), "", "--version 20261121-034512-1f9c2e")
    parser.add_argument("--version", help="a folder in artifacts/ (default: the one made before the current one)")
    options = parser.read(arguments)
    try:
        folder = roll_back(PackageSettings.load(), options.version)
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not rolled back: {error}")
    print(versions.announce(folder))


def roll_back(settings: PackageSettings, version: str | None) -> Path:
    """Let CURRENT name a version, or the last one before the current one that can be served. Raises PackageError."""
    artifacts = settings.model_dir
    with versions.alone(artifacts):
        for folder in [versions.find(artifacts, version)] if version else versions.earlier(artifacts):
            try:
                package.verify(folder, allow_pickle=settings.allow_pickle)
            except PackageError as error:
                if version:
                    raise
                print(f"Passed over {folder.name}: {error}")
                continue
            versions.make_current(artifacts, folder.name)
            return folder
    raise PackageError(f'{artifacts} holds no older version that can be served: make a new one with "make train"')
