"""Share the API with whoever gets the link: a public tunnel to it, until Ctrl-C.

Serves the API unless it is served at PORT already. The tunnel is ngrok's if NGROK_AUTHTOKEN is set, with NGROK_DOMAIN
and NGROK_REGION, or else that of cloudflared, if it is installed.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from modelapi.options import Options
from modelapi.package import PackageError, current
from modelapi.package.manifest import read_manifest
from modelapi.process.beside import LOCALHOST, ask, is_free, serve_beside
from modelapi.process.preflight import load_settings
from modelapi.project import Project, current_project
from modelapi.serving.settings import Settings
from modelapi.settings import SettingsError
from modelapi.signals import SIGNALS, ended_by
from modelapi.tunnels import TunnelError, TunnelSettings, check_tunnel, find_tunnel

LOOK = 0.2  # Seconds between two looks whether both ends are still there.
OPEN = (
    'everybody who gets the link could ask, for there is no key: make one with "make api-key NAME=ada", or say PUBLIC=1'
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the tunnel and wait for a signal, or exit with one line that says why not."""
    parser = Options("share", "Not shared", str(__doc__), "", "--public")
    parser.add_argument("--public", action="store_true", help="share it though it asks nobody for a key")
    parser.add_argument("--port", help="as the setting PORT")
    parser.add_argument("--check", action="store_true", help="only say whether keys and a tunnel are wanting")
    options = parser.read(arguments)
    if options.port:
        os.environ["PORT"] = options.port
    try:
        project = current_project()
        settings, tunnels = load_settings(project), TunnelSettings.load()
        if not settings.api_keys and not options.public:
            raise SettingsError(OPEN)
        if options.check:
            check_tunnel(tunnels)
            return
        open_tunnel = find_tunnel(tunnels)
        with ExitStack() as stack:
            heard = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]  # As nohup has it.
            stack.enter_context(ended_by(heard, lambda _: SystemExit(0)))
            is_served = stack.enter_context(_served(project, settings, is_public=options.public))
            tunnel = stack.enter_context(open_tunnel(f"http://{LOCALHOST}:{settings.port}"))
            who = "with a key that make api-key makes" if settings.api_keys else "for everybody, without a key"
            print(link(tunnel.url, who, "until Ctrl-C"), flush=True)
            while is_served() and tunnel.is_open():
                time.sleep(LOOK)
            raise TunnelError("the tunnel has ended" if is_served() else "the server has ended")
    except (SettingsError, PackageError, TunnelError) as error:
        sys.exit(f"Not shared: {error}")


def link(url: str, who: str, until: str) -> str:
    """Write what is to be passed on: the address, as a QR code too, who may use it, and how long."""
    return "\n".join(["", f"  {url}", f"  {who}, {until}", "", qr_code(url)])


def qr_code(url: str) -> str:
    """Draw an address for cameras; nothing where segno is not installed."""
    try:
        import segno
    except ModuleNotFoundError:
        return ""
    drawn = io.StringIO()
    segno.make(url, micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()


@contextmanager
def _served(project: Project, settings: Settings, *, is_public: bool) -> Iterator[Callable[[], bool]]:
    """Serve the API unless it is; yields whether it is still served. Raises SettingsError or PackageError."""
    port, name = settings.port, read_manifest(current(settings.model_dir)).name
    if is_free(port):
        # All requests come from the tunnel's agent on this machine, which says whose they are.
        with serve_beside(project.root, port, TRUSTED_PROXIES=LOCALHOST) as process:
            yield lambda: process.poll() is None
        return
    status, body = ask(port, "/ready")
    if status != http.client.OK or _name(body) != name:
        raise SettingsError(f"what listens to PORT {port} is not this API: stop it, or set PORT to another")
    if ask(port, "/model")[0] == http.client.OK and not is_public:
        raise SettingsError(f"the server at PORT {port} asks for no key: start it again, now that there is one")
    if settings.rate_limit and not settings.api_keys and not settings.trusted_proxies:
        print(
            f"Note: RATE_LIMIT counts all who come as one client: start with TRUSTED_PROXIES={LOCALHOST} to tell them"
        )
    yield lambda: not is_free(port)


def _name(body: bytes) -> str:
    try:
        return str(json.loads(body)["model"]["name"])
    except (ValueError, TypeError, LookupError):
        return ""
