"""nginx with a project's configuration: what compose.yaml gives it, but for addresses and folders."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import skip_on_laptop
from tests.server import free_port, start, stop, wait_until

RUN = "/tmp"  # Where nginx writes in its container.


@dataclass
class Site:
    """An API and the nginx in front of it, each with its port."""

    api: "subprocess.Popen[bytes]"
    direct: int
    nginx: "subprocess.Popen[bytes]"
    port: int
    tls_port: int
    log: Path


def read_compose(project: Path) -> dict[str, Any]:
    """Read the services of a project's compose.yaml."""
    services: dict[str, Any] = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return services


def interpolate(text: str, settings: Mapping[str, str]) -> str:
    """Put settings in the place of ${NAME}, ${NAME:-default} and ${NAME:+other}, as compose does."""

    def value(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        given = settings.get(name, "")
        return (other if given else "") if kind == "+" else given or other or ""

    return re.sub(r"\$\{(\w+)(?::([-+])([^}]*))?\}", value, text)


def configure(project: Path, folder: Path, settings: Mapping[str, str], **places: object) -> list[str]:
    """Write nginx's files into a folder, as its image does from templates; returns the command that runs it."""
    service = read_compose(project)["nginx"]
    names = {name: interpolate(str(text), settings) for name, text in service["environment"].items()}
    names |= {name: str(place) for name, place in places.items()} | {"FOLDER": str(folder)}
    for template in (project / "deploy" / "nginx").glob("*.template"):
        text = template.read_text(encoding="utf-8")
        for name, value in names.items():
            text = text.replace(f"${{{name}}}", value)
        (folder / template.stem).write_text(text, encoding="utf-8")
    return [part.replace(RUN, str(folder)) for part in service["command"]]


@contextmanager
def behind_nginx(project: Path, folder: Path, *, certificates: Path | None = None, **settings: str) -> Iterator[Site]:
    """Run a project's API with nginx in front of it; both are stopped afterwards."""
    if not shutil.which("nginx"):
        skip_on_laptop("nginx is not installed: apt-get install nginx-light")
    service = read_compose(project)["api"]
    own = {name: service["environment"][name] for name in ("KEEP_ALIVE", "TRUSTED_PROXIES")}
    port, tls_port = free_port(), free_port()
    given = settings | {"TLS_PORT": str(tls_port), "CERTIFICATES": str(certificates or "")}
    api, direct, _ = start(project, **settings | own)
    try:
        command = configure(
            project, folder, given, UPSTREAM=f"127.0.0.1:{direct}", LISTEN=f"127.0.0.1:{port}",
            TLS_LISTEN=f"127.0.0.1:{tls_port}", TLS_FOLDER=certificates,
        )  # fmt: skip
        log = folder / "nginx.log"
        with log.open("wb") as output:
            nginx = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            wait_until(lambda: listens(port), nginx, log)
            yield Site(api, direct, nginx, port, tls_port, log)
        finally:
            stop(nginx)
    finally:
        stop(api)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
