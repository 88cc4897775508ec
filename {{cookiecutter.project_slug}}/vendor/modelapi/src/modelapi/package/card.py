"""Where the model card of the current model is; modelapi.packaging.card writes it."""

import os
import sys
import webbrowser
from collections.abc import Sequence

from modelapi.options import Options
from modelapi.package.manifest import PackageError
from modelapi.package.versions import current
from modelapi.settings import PackageSettings, SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the card of the current model where there is a browser, and say where it is."""
    Options("card", "Not shown", "Show the card of the current model.", "").read(arguments)
    try:
        path = current(PackageSettings.load().model_dir) / "card.html"
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not shown: {error}")
    print(path)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("darwin", "win32"):
        webbrowser.open(path.as_uri())
