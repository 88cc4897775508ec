"""Print a request to paste into a shell, with the current model's own example record."""

import json
import shlex
import sys
from collections.abc import Sequence

from modelapi import package
from modelapi.options import Options
from modelapi.package import PackageError
from modelapi.project import current_project
from modelapi.serving.settings import Settings
from modelapi.settings import SettingsError
from modelapi.signature import Signature

EVERYWHERE = ("0.0.0.0", "::")  # nosec B104 # Which is no address to ask.
LONGEST = 2_000  # Characters that are no trouble to paste.


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the request, or exit with one line that says why not."""
    from modelapi.process.preflight import load_settings

    Options("example", "Not shown", str(__doc__), "").read(arguments)
    try:
        settings = load_settings(current_project())
        print(curl(settings, package.read_signature(package.current(settings.model_dir))))
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not shown: {error}")


def curl(settings: Settings, signature: Signature, at: str = "") -> str:
    """Write the command that asks for the prediction of the example, on this machine unless `at` says where."""
    lines = [
        f"curl {at or address(settings)}/predict",
        *(['-H "Authorization: Bearer $KEY"'] if settings.api_keys else []),
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(json.dumps(signature.example(), ensure_ascii=False))}",
    ]
    return " \\\n  ".join(lines)


def address(settings: Settings) -> str:
    """Say where a browser on this machine finds the API."""
    host = "localhost" if settings.host in EVERYWHERE else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def welcome(settings: Settings, signature: Signature) -> str:
    """Say to who started the server on a terminal what to do with it."""
    at, command = address(settings), curl(settings, signature)
    return "\n".join(
        [
            "",
            f"  {settings.title}, until Ctrl-C:",
            "",
            f"  to try it   {at}",
            f"  its docs    {at}/docs",
            "",
            command if len(command) <= LONGEST else "modelapi example prints a request to paste.",
            "",
        ]
    )
