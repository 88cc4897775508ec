"""Public tunnels to a server on this machine: ngrok's, for who has a token, or else Cloudflare's."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess  # nosec B404 # For its constants.
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, SecretStr

from modelapi.process.leash import leashed
from modelapi.settings import PackageSettings

SECONDS = 60  # In which a tunnel opens.
CLOUDFLARE = re.compile(r"https://(?!api\.)[a-z0-9-]+\.trycloudflare\.com")
NONE = (
    "there is no tunnel: put NGROK_AUTHTOKEN=… of your account (dashboard.ngrok.com) into .env, or install cloudflared"
)


class TunnelError(RuntimeError):
    """A tunnel that did not open; the message says why, in a sentence."""


class TunnelSettings(PackageSettings):
    """What opens tunnels: environment variables, or lines in .env."""

    ngrok_authtoken: SecretStr = Field(default=SecretStr(""), description="the token of an account at ngrok")
    ngrok_region: str = Field(default="", pattern="^[a-z-]*$", description="empty, or a region of ngrok as eu")
    ngrok_domain: str = Field(
        default="", pattern="^[A-Za-z0-9.-]*$", description="empty, or a domain of your account as my-api.ngrok.app"
    )


class Tunnel(NamedTuple):
    """The public address, and whether it still leads here."""

    url: str
    is_open: Callable[[], bool]


Open = Callable[[str], AbstractContextManager[Tunnel]]


def find_tunnel(settings: TunnelSettings) -> Open:
    """Find what opens a tunnel: with it everybody reaches the server at an address until the context ends.

    Raises TunnelError, as what is found does.
    """
    if settings.ngrok_authtoken.get_secret_value():
        if importlib.util.find_spec("pyngrok") is None:
            raise TunnelError("NGROK_AUTHTOKEN is set, but pyngrok is not installed: install modelapi[share]")
        return partial(_ngrok, settings)
    if program := shutil.which("cloudflared"):
        return partial(_cloudflared, program)
    raise TunnelError(NONE)


@contextmanager
def _ngrok(settings: TunnelSettings, address: str) -> Iterator[Tunnel]:
    from pyngrok import ngrok, process
    from pyngrok.conf import PyngrokConfig
    from pyngrok.exception import PyngrokError

    token = settings.ngrok_authtoken.get_secret_value()
    with tempfile.TemporaryDirectory() as folder:
        # pyngrok hands a token on as an argument, which whoever lists processes sees; a file is for its owner alone.
        path = Path(folder, "ngrok.yml")
        path.write_text(json.dumps({"version": "3", "agent": {"authtoken": token}}), encoding="utf-8")
        agent = PyngrokConfig(
            ngrok_path=shutil.which("ngrok"),
            config_path=str(path),
            region=settings.ngrok_region or None,
            start_new_session=True,
            startup_timeout=SECONDS,
            request_timeout=SECONDS,
        )
        agent.auth_token = None
        url = ""
        try:
            domain = {"url": f"https://{settings.ngrok_domain}"} if settings.ngrok_domain else {}
            try:
                url = str(ngrok.connect(address, "http", pyngrok_config=agent, **domain).public_url)
            except (PyngrokError, OSError) as error:
                reason = " ".join(str(error).split()).replace(token, "…")
                raise TunnelError(f"ngrok opened no tunnel: {reason}") from None
            yield Tunnel(url, lambda: process.is_process_running(agent.ngrok_path))
        finally:
            if url:
                with suppress(PyngrokError, OSError):
                    ngrok.disconnect(url, agent)
            # One agent has all tunnels of a process, and another may be of the notebook that this runs in.
            others: list[object] = []
            with suppress(PyngrokError, OSError):
                if process.is_process_running(agent.ngrok_path):
                    others += ngrok.get_tunnels(agent)
            if not others:
                ngrok.kill(agent)


@contextmanager
def _cloudflared(program: str, address: str) -> Iterator[Tunnel]:
    # Another configuration than none would make it another tunnel than a quick one.
    command = [program, "tunnel", "--config", "/dev/null", "--no-autoupdate", "--url", address]
    with leashed(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stderr
        patience = threading.Timer(SECONDS, process.stdin.close)
        patience.daemon = True
        patience.start()
        url, line = "", ""
        for content in process.stderr:
            line = content.decode(errors="replace").strip()
            if found := CLOUDFLARE.search(line):
                url = found.group()
            elif url and "Registered tunnel connection" in line:  # Who asks for the address before learns of none.
                break
        patience.cancel()
        if process.stdin.closed or process.poll() is not None or not url:
            raise TunnelError(f"cloudflared opened no tunnel: {line or 'it said nothing'}")
        threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()  # Or it would wait for a reader.
        yield Tunnel(url, lambda: process.poll() is None)
