"""Go back to the version before the current one: `make rollback`, or to another: `make rollback VERSION=…`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from modelapi.settings import Settings, SettingsError, load_settings
from modelapi import package
from modelapi.package import versions
from modelapi.package import PackageError


def main(arguments: Sequence[str] | None = None) -> None:
    """Make an older version the current one, and say which."""
    parser = argparse.ArgumentParser(prog="python -m modelapi.package.rollback", description=__doc__)
    parser.add_argument("--version", help="a folder in artifacts/ (default: the one made before the current one)")
    options = parser.parse_args(arguments)
    try:
        folder = roll_back(load_settings(), options.version)
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not rolled back: {error}")
    print(versions.announce(folder))


def roll_back(settings: Settings, version: str | None) -> Path:
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


if __name__ == "__main__":
    main()
