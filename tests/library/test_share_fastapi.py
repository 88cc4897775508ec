"""A tunnel lets in who has a key, tells clients apart, and leaves nothing behind; its service is a stand-in here."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread, Timer

import pytest
from modelapi.process.beside import free_port, is_free, serve_beside
from modelapi.share import main

from tests.library import tunnel_service
from tests.library.tunnel_service import get
from tests.library.web import SECONDS, until

KEY = "mapi_ada"
KEYS = f"ada:{hashlib.sha256(KEY.encode()).hexdigest()}"

Share = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def port(site: Path, agents: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A port for the API, in whose project this test stands, with agents of the stand-in and no others."""
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.chdir(site)
    return port


@pytest.fixture
def share(port: int) -> Iterator[Share]:
    """Share the API: share("--public") returns the process and what it says until the address is there."""
    with ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> tuple[subprocess.Popen[str], str]:
            command = [sys.executable, "-m", "modelapi", "share", *arguments]
            process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            end = Timer(SECONDS, process.kill)  # Who waits for what is never said hears its end.
            end.start()
            stack.callback(end.cancel)
            assert process.stdout
            said = ""
            for line in process.stdout:
                said += line
                if "█▄▄▄▄▄▄▄█" in said:  # The foot of the code.
                    break
            return process, said

        yield start


def test_ngrok_lets_in_who_has_a_key_and_is_closed_by_a_signal(share: Share, port: int, tmp_path: Path) -> None:
    process, said = share(API_KEYS=KEYS, NGROK_AUTHTOKEN=tunnel_service.TOKEN)

    assert re.search(r"^  http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
    assert (get(tmp_path), get(tmp_path, X_API_Key=KEY)) == (401, 200)
    assert tunnel_service.TOKEN not in (tmp_path / "arguments").read_text(encoding="utf-8")

    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert is_free(port)
    assert is_free(int((tmp_path / "edge").read_text()))


def test_cloudflared_tells_clients_apart_and_ends_however_share_does(share: Share, port: int, tmp_path: Path) -> None:
    process, said = share("--public", RATE_LIMIT="1/hour")

    assert "https://four-words-of-chance.trycloudflare.com" in said
    until((tmp_path / "said").exists)
    assert [get(tmp_path, From="203.0.113.1"), get(tmp_path, From="203.0.113.1")] == [200, 429]
    assert get(tmp_path, From="203.0.113.1", X_Forwarded_For="203.0.113.2") == 429
    assert get(tmp_path, From="203.0.113.2") == 200

    process.kill()
    until(lambda: is_free(port) and is_free(int((tmp_path / "edge").read_text())))


def test_a_server_that_runs_is_shared_and_goes_on(share: Share, site: Path, port: int, tmp_path: Path) -> None:
    with serve_beside(site, port, tmp_path / "log", API_KEYS=KEYS) as server:
        process, said = share(API_KEYS=KEYS, NGROK_AUTHTOKEN=tunnel_service.TOKEN, NGROK_DOMAIN="pets.example.org")

        assert "  https://pets.example.org\n" in said
        assert get(tmp_path, X_API_Key=KEY) == 200
        process.kill()
        until(lambda: is_free(int((tmp_path / "edge").read_text())))
        assert server.poll() is None


def test_without_a_key_nothing_is_shared(port: int) -> None:
    with pytest.raises(SystemExit, match=r'^Not shared: everybody .* "make api-key NAME=ada", or say PUBLIC=1$'):
        main([])


def test_neither_a_server_without_keys_is_shared_nor_is_the_token_told(
    site: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NGROK_AUTHTOKEN", "another")
    with serve_beside(site, port, tmp_path / "log"):
        with pytest.raises(SystemExit, match=r"^Not shared: ngrok opened no tunnel: .*: … is no token\. ERR_NGROK_105"):
            main(["--public"])

        monkeypatch.setenv("API_KEYS", KEYS)
        with pytest.raises(
            SystemExit, match=rf"^Not shared: the server at PORT {port} asks for no key: start it again"
        ):
            main([])


def test_what_is_not_this_api_is_not_shared(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    with HTTPServer(("127.0.0.1", port), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever).start()
        with pytest.raises(SystemExit, match=rf"^Not shared: what listens to PORT {port} is not this API: stop it"):
            main(["--public"])
        server.shutdown()


def test_where_nothing_opens_tunnels_share_says_what_does(port: int, tmp_path: Path) -> None:
    (tmp_path / "cloudflared").unlink()

    for arguments in (["--public"], ["--public", "--check"]):
        with pytest.raises(SystemExit, match=r"^Not shared: there is no tunnel: put NGROK_AUTHTOKEN=…"):
            main(arguments)


def test_what_is_checked_needs_nothing_that_is_installed_later(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cloudflared").unlink()
    monkeypatch.setenv("NGROK_AUTHTOKEN", tunnel_service.TOKEN)
    monkeypatch.setitem(sys.modules, "pyngrok", None)

    main(["--public", "--check"])
