"""A stand-in of the services of ngrok and Cloudflare and of their agents: python tunnel_service.py ngrok|cloudflared ….

Its edge listens on this machine. There a client says in the header From which address it has, which the edge appends to
X-Forwarded-For, as the real ones do. The folder in TUNNELS gets the edge's port, and the arguments of the agent.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

FOLDER = Path(os.environ.get("TUNNELS", "."))
TOKEN = "the-token-of-ada"


class Edge(BaseHTTPRequestHandler):
    """Passes on what the world asks."""

    upstream = ""

    def do_GET(self) -> None:
        connection = http.client.HTTPConnection(self.upstream.removeprefix("http://"))
        told = self.headers.get("X-Forwarded-For")
        chain = ", ".join(filter(None, (told, self.headers.get("From"))))
        connection.request("GET", self.path, headers={**dict(self.headers), "X-Forwarded-For": chain})
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        connection.close()

    def log_message(self, *_: object) -> None:
        pass


class Agent(BaseHTTPRequestHandler):
    """ngrok's own API, by which tunnels are opened and closed."""

    tunnels: dict[str, dict[str, Any]] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        self._answer(200, {"endpoints": list(self.tunnels.values())})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (FOLDER / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        url = asked.get("url", f"http://127.0.0.1:{open_edge(asked['upstream']['url'])}")
        self.tunnels[asked["name"]] = {"name": asked["name"], "url": url, "upstream": asked["upstream"]}
        self._answer(201, self.tunnels[asked["name"]])

    def _answer(self, status: int, content: object) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def open_edge(upstream: str) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("To", (Edge,), {"upstream": upstream}))
    Thread(target=server.serve_forever, daemon=True).start()
    (FOLDER / "edge").write_text(str(server.server_port), encoding="ascii")
    return server.server_port


def get(folder: Path, **headers: str) -> int:
    """Ask at the edge for /model, and return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", int((folder / "edge").read_text(encoding="ascii")))
    connection.request("GET", "/model", headers={name.replace("_", "-"): value for name, value in headers.items()})
    status = connection.getresponse().status
    connection.close()
    return status


def install(folder: Path) -> None:
    """Write programs that are called as the agents are."""
    for name in ("ngrok", "cloudflared"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {name} "$@"\n', encoding="utf-8")
        program.chmod(0o700)


def ngrok(arguments: list[str]) -> None:
    say = partial(print, "t=2026-01-01T00:00:00+0000", flush=True)
    given = json.loads(Path(arguments[arguments.index("--config") + 1]).read_text(encoding="utf-8"))
    token = given["agent"]["authtoken"]
    if token != TOKEN:
        say(f'lvl=eror msg="session closing" err="authentication failed: {token} is no token. ERR_NGROK_105"')
        sys.exit(1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    say(f'lvl=info msg="starting web service" obj=web addr=127.0.0.1:{server.server_port}')
    say('lvl=info msg="client session established" obj=csess')
    say('lvl=info msg="tunnel session started" obj=tunnels.session')
    server.serve_forever()


def cloudflared(arguments: list[str]) -> None:
    say = partial(print, "2026-01-01T00:00:00Z INF", flush=True, file=sys.stderr)
    say("Requesting new quick Tunnel on trycloudflare.com...")
    open_edge(arguments[arguments.index("--url") + 1])
    say("|  https://four-words-of-chance.trycloudflare.com  |")
    say("Registered tunnel connection connIndex=0")
    for number in range(5_000):  # More than a pipe holds.
        say(f"nothing of interest, for the time {number}")
    (FOLDER / "said").touch()
    signal.pause()


if __name__ == "__main__":
    (FOLDER / "arguments").write_text("\n".join(sys.argv), encoding="utf-8")
    {"ngrok": ngrok, "cloudflared": cloudflared}[sys.argv[1]](sys.argv[2:])
