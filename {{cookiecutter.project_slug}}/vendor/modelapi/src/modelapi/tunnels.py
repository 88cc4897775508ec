"""Public tunnels to a server on this machine: ngrok's, for who has a token, or else Cloudflare's."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess  # nosec B404 # For its constants.
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NamedTuple

from pydantic import Field, SecretStr

from modelapi.process.leash import leashed
from modelapi.settings import PackageSettings

SECONDS = 60  # In which a tunnel opens.
NGROK = re.compile(r"(?<=^Forwarding )\S+")
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


def check_tunnel(settings: TunnelSettings) -> None:
    """Raise TunnelError if nothing is there to open a tunnel with; what pip installs may still come."""
    if not settings.ngrok_authtoken.get_secret_value() and shutil.which("cloudflared") is None:
        raise TunnelError(NONE)


def find_tunnel(settings: TunnelSettings) -> Open:
    """Find what opens a tunnel: with it everybody reaches the server at an address until the context ends.

    Raises TunnelError, as what is found does.
    """
    check_tunnel(settings)
    if settings.ngrok_authtoken.get_secret_value():
        if importlib.util.find_spec("pyngrok") is None:
            raise TunnelError("NGROK_AUTHTOKEN is set, but pyngrok is not installed: install modelapi[share]")
        return partial(_ngrok, settings)
    return partial(_cloudflared, str(shutil.which("cloudflared")))


@contextmanager
def _ngrok(settings: TunnelSettings, address: str) -> Iterator[Tunnel]:
    named = {"DOMAIN": settings.ngrok_domain, "REGION": settings.ngrok_region}
    own = {"NGROK_AUTHTOKEN": settings.ngrok_authtoken.get_secret_value()}
    own |= {f"NGROK_{name}": value for name, value in named.items()}
    command = [sys.executable, "-m", "modelapi.ngrok", address]
    with _followed("ngrok", command, NGROK, "Forwarding", env=os.environ | own) as tunnel:
        yield tunnel


@contextmanager
def _cloudflared(program: str, address: str) -> Iterator[Tunnel]:
    # Another configuration than none would make it another tunnel than a quick one.
    command = [program, "tunnel", "--config", "/dev/null", "--no-autoupdate", "--url", address]
    # Who asks for the address before it is registered learns that there is none, and keeps that for a while.
    with _followed("cloudflared", command, CLOUDFLARE, "Registered tunnel connection") as tunnel:
        yield tunnel


@contextmanager
def _followed(name: str, command: list[str], address: re.Pattern[str], ready: str, **options: Any) -> Iterator[Tunnel]:
    """Run what opens a tunnel until the context ends; it says its address, and is `ready` in that line or a later one.

    Raises TunnelError.
    """
    with leashed(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as process:
        assert process.stdin
        assert process.stdout
        patience = threading.Timer(SECONDS, process.stdin.close)
        patience.daemon = True
        patience.start()
        url = line = ""
        is_ready = False
        for content in process.stdout:
            line = content.decode(errors="replace").strip() or line
            found = address.search(line)
            url = found.group() if found else url
            if is_ready := bool(url) and ready in line:
                break
        patience.cancel()
        if not is_ready:
            raise TunnelError(f"{name} opened no tunnel: {line or 'it said nothing'}")
        threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()  # Or it would wait for a reader.
        yield Tunnel(url, lambda: process.poll() is None)
