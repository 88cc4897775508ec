"""Behind a real proxy that serves the API below a prefix, a browser finds all by relative links."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urljoin, urlsplit

import pytest

from tests.conftest import FRAMEWORKS, Installed
from tests.server import ask, serve
from tests.test_workers import JSON, PASSENGER

PREFIX = "/api/v1"


@contextmanager
def proxy(port: int, *, strips: bool) -> Iterator[int]:
    """Pass on what is asked below the prefix, and nothing else; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(None)

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def _pass_on(self, body: bytes | None) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            path = self.path.removeprefix(PREFIX) if strips else self.path
            status, headers, content = ask(port, self.command, path, dict(self.headers), body)
            self.send_response(status)
            for name in headers.keys() - {"date", "server", "connection"}:
                self.send_header(name, headers[name])
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("strips", [True, False], ids=["the proxy takes the prefix away", "the proxy passes it on"])
def test_all_links_lead_somewhere_below_the_prefix(installed: Installed, framework: str, strips: bool) -> None:
    settings = {} if strips else {"ROOT_PATH": PREFIX}
    with serve(installed(framework), **settings) as served, proxy(served, strips=strips) as port:
        home = f"http://127.0.0.1:{port}{PREFIX}/"

        def get(url: str) -> bytes:
            parts = urlsplit(url)
            status, _, body = ask(parts.port or 80, "GET", parts.path, {"Accept": "text/html, */*;q=0.1"})
            assert status == 200, url
            return body

        links = json.loads(ask(port, "GET", f"{PREFIX}/")[2])
        pages = {urljoin(home, links[name]) for name in ("docs", "redoc", "model")} | {home}
        for page in pages:
            for link in re.findall(r'(?:href|src|spec-url)="([^"]+)"', get(page).decode()):
                if not link.startswith(("data:", "#")):
                    get(urljoin(page, link))

        described = urljoin(home, links["openapi.json"])
        document = json.loads(get(described))
        target = urljoin(described, document["servers"][0]["url"]).rstrip("/") + "/predict"
        assert target == urljoin(home, links["predict"])
        assert ask(port, "POST", urlsplit(target).path, JSON, PASSENGER)[0] == 200
