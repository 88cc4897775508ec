"""compose.yaml is valid, and the API behind nginx, configured as there, answers as it does by itself."""

import asyncio
import hashlib
import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FRAMEWORKS, Bake, Installed, succeed
from tests.faults.load import load
from tests.nginx import Site, behind_nginx, listens, read_compose
from tests.server import PATIENCE, ask

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
PASSENGER = json.dumps({"Age": 24, "Sex": "female", "Embarked": "C"}).encode()
ROWS = 100_000
TABLE = b"Age,Sex,Embarked\n" + b"24,female,C\n38.5,male,S\n,male,Q\n,female,\n" * (ROWS // 4)
TWO_HOSTS = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
LONG_HEADER = b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: %s\r\n\r\n" % (b"x" * 70_000)

pytestmark = pytest.mark.xdist_group("nginx")


@pytest.fixture(scope="module", params=FRAMEWORKS)
def site(
    request: pytest.FixtureRequest, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with behind_nginx(installed(request.param), tmp_path_factory.mktemp("nginx"), MAX_BODY_BYTES="1000000") as site:
        yield site
    assert not re.search(r"\[(alert|emerg|crit)\]", site.log.read_text())


def send(port: int, headers: dict[str, str], block: bytes, *, chunked: bool) -> dict[str, Any]:
    """Send a block four hundred times, and only then read the problem that is the answer."""
    length = {} if chunked else {"Content-Length": str(400 * len(block))}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/predict", repeat(block, 400), headers | length, encode_chunked=chunked)
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Type")) == (413, "application/problem+json")
        return without_id(json.loads(response.read()))


def without_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "instance"}


def test_a_table_is_answered_as_without_nginx(site: Site) -> None:
    target = "/predict?probabilities=true"
    direct, through = (ask(port, "POST", target, CSV, TABLE) for port in (site.direct, site.port))

    assert direct[0] == 200
    assert direct[2].count(b"\n") == ROWS + 1
    assert through[::2] == direct[::2]


def test_the_api_sees_a_body_while_it_comes(site: Site) -> None:
    middle = len(TABLE) // 2
    with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) as connection:
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: {len(TABLE)}\r\n\r\n"
        connection.sendall(head.encode() + TABLE[:middle])
        deadline = time.monotonic() + PATIENCE
        while b"http_requests_in_progress 2.0" not in ask(site.direct, "GET", "/metrics")[2]:
            assert time.monotonic() < deadline, "the API was not asked"
            time.sleep(0.02)
        connection.sendall(TABLE[middle:])
        response = http.client.HTTPResponse(connection)
        response.begin()

        assert response.status == 200
        assert response.read().count(b"\n") == ROWS + 1


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_the_api_tells_who_sends_too_much_while_it_comes(site: Site, chunked: bool) -> None:
    direct, through = (send(port, JSON, b"[" * 100_000, chunked=chunked) for port in (site.direct, site.port))

    assert through == direct


def test_nginx_tells_who_sends_more_than_any_table_as_the_api_does(installed: Installed, tmp_path: Path) -> None:
    rows = b"Age,Sex,Embarked\n" * 1_000
    with behind_nginx(installed("fastapi"), tmp_path, MAX_TABLE_BYTES="1000000") as site:
        by_length, by_chunks = (send(site.port, CSV, rows, chunked=chunked) for chunked in (False, True))
        assert by_length == by_chunks == send(site.direct, CSV, rows, chunked=False)


def test_ids_of_requests_pass_unless_they_are_odd(site: Site) -> None:
    for target in ("/health", "/metrics"):  # Of the API, and of nginx.
        sane, odd, none = (
            ask(site.port, "GET", target, headers)[1]["x-request-id"]
            for headers in ({"X-Request-ID": "ada-1.2_3"}, {"X-Request-ID": 'a"b\\c'}, {})
        )

        assert sane == "ada-1.2_3"
        assert all(re.fullmatch("[0-9a-f]{32}", made) for made in (odd, none))
        assert odd != none


def test_the_pages_are_there_and_metrics_are_not(site: Site) -> None:
    page = {"Accept": "text/html"}
    for target in ("/", "/docs", "/model"):
        assert ask(site.port, "GET", target, page)[::2] == ask(site.direct, "GET", target, page)[::2]
    assert ask(site.port, "GET", "/ready")[0] == 200
    nowhere = json.loads(ask(site.direct, "GET", "/nowhere")[2])
    for target in ("/metrics", "/%6detrics", "/a/../metrics", "//metrics", "/nginx/problem"):
        status, _, body = ask(site.port, "GET", target)

        assert status == 404
        assert without_id(json.loads(body)) == without_id(nowhere)


def test_what_is_no_http_is_answered_as_by_the_api(site: Site) -> None:
    for request, status in ((TWO_HOSTS, 400), (LONG_HEADER, 431)):
        problems = []
        for port in (site.direct, site.port):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                connection.sendall(request)
                response = http.client.HTTPResponse(connection)
                response.begin()
                assert (response.status, response.getheader("Content-Type")) == (status, "application/problem+json")
                problems.append(without_id(json.loads(response.read())))

        assert problems[0] == problems[1]


@pytest.fixture(scope="module")
def models(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder of packages and two versions in it, which answer alike."""
    folders = [installed(framework) / "artifacts" for framework in FRAMEWORKS]
    first, second = ((folder / "CURRENT").read_text().strip() for folder in folders)
    folder = shutil.copytree(folders[0], tmp_path_factory.mktemp("models") / "artifacts")
    shutil.copytree(folders[1] / second, folder / second)
    return folder, first, second


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nothing_is_lost_while_model_nginx_and_api_are_replaced(
    installed: Installed, models: tuple[Path, str, str], tmp_path: Path, framework: str
) -> None:
    folder, first, second = models
    (folder / "CURRENT").write_text(first)

    async def replace_all(site: Site) -> None:
        async with load(site.port, clients=8, fresh=8) as results:

            async def until(status: int, version: str | None) -> None:
                begin, deadline = len(results.answers), time.monotonic() + PATIENCE
                while not any(
                    (answer.status, answer.headers.get("x-model-version")) == (status, version)
                    for answer in results.answers[begin:]
                ):
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.02)

            await until(200, first)
            (folder / "CURRENT").write_text(second)
            await until(200, second)
            site.nginx.send_signal(signal.SIGHUP)
            for _ in range(5):
                await until(200, second)
            site.api.send_signal(signal.SIGTERM)
            await until(502, None)

        assert results.lost == {}
        assert results.refused == 0
        assert results.statuses.keys() == {200, 502}
        for answer in results.answers:
            if answer.status == 502:
                assert answer.headers["retry-after"] == "1"
                assert json.loads(answer.body)["title"] == "Bad Gateway"
            else:
                assert answer.body == b'{"prediction":[1]}'
        assert site.api.wait(PATIENCE) == 0

    with behind_nginx(installed(framework), tmp_path, WORKERS="2", MODEL_DIR=str(folder)) as site:
        asyncio.run(replace_all(site))


def test_nginx_ends_when_the_last_is_answered(installed: Installed, tmp_path: Path) -> None:
    with behind_nginx(installed("fastapi"), tmp_path) as site:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)

        def body() -> Iterator[bytes]:
            yield TABLE[: len(TABLE) // 2]
            site.nginx.send_signal(signal.SIGQUIT)
            deadline = time.monotonic() + PATIENCE
            while listens(site.port):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield TABLE[len(TABLE) // 2 :]

        connection.request("POST", "/predict", body(), CSV, encode_chunked=True)
        response = connection.getresponse()

        assert (response.status, response.read().count(b"\n")) == (200, ROWS + 1)
        assert site.nginx.wait(PATIENCE) == 0


def test_slow_clients_are_cut_off_and_hinder_nobody(installed: Installed, tmp_path: Path) -> None:
    with behind_nginx(installed("fastapi"), tmp_path, CLIENT_TIMEOUT="1") as site:
        head = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
        starts = (b"GET /health HTTP/1.1\r\n", f"{head}[".encode())
        slow = [socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) for _ in range(40)]
        for number, connection in enumerate(slow):
            connection.sendall(starts[number % 2])
        assert ask(site.port, "POST", "/predict", JSON, PASSENGER)[0] == 200

        heads, bodies = [], []
        for number, connection in enumerate(slow):
            with connection, connection.makefile("rb") as file:
                (bodies if number % 2 else heads).append(file.read())

    assert set(heads) == {b""}
    assert all(answer.startswith(b"HTTP/1.1 408 ") and b"application/problem+json" in answer for answer in bodies)


def test_rates_count_who_connects_whatever_they_say(installed: Installed, tmp_path: Path) -> None:
    with behind_nginx(installed("fastapi"), tmp_path, RATE_LIMIT="5/hour") as site:

        def once(forged: str, source: str) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", site.port, PATIENCE, source_address=(source, 0))
            with closing(connection):
                connection.request("POST", "/predict", PASSENGER, JSON | {"X-Forwarded-For": forged})
                return connection.getresponse().status

        one = [once(f"192.0.2.{number}", "127.0.0.1") for number in range(6)]
        other = once("127.0.0.1", "127.0.0.2")

    assert one == [200] * 5 + [429]
    assert other == 200


def test_keys_pass_below_a_prefix_and_by_tls(installed: Installed, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    succeed(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
        "-addext", "subjectAltName=DNS:localhost", "-keyout", "privkey.pem", "-out", "fullchain.pem", cwd=folder,
    )  # fmt: skip
    keys = f"ada:{hashlib.sha256(b'secret').hexdigest()}"
    trust = ssl.create_default_context(cafile=folder / "fullchain.pem")
    settings = {"API_KEYS": keys, "ROOT_PATH": "/api/v1"}
    with behind_nginx(installed("fastapi"), tmp_path, certificates=folder, **settings) as site:

        def post(target: str, **headers: str) -> int:
            connection = http.client.HTTPSConnection("localhost", site.tls_port, timeout=PATIENCE, context=trust)
            with closing(connection):
                connection.request("POST", target, PASSENGER, JSON | headers)
                return connection.getresponse().status

        assert post("/api/v1/predict") == 401
        assert post("/api/v1/predict", Authorization="Bearer secret") == 200
        assert post("/api/v1/metrics", Authorization="Bearer secret") == 404
        status, headers, _ = ask(site.port, "GET", "/api/v1/docs?a=b", {"Host": "example.org"})
        plain, _, body = ask(site.tls_port, "GET", "/")

    assert (status, headers["location"]) == (308, f"https://example.org:{site.tls_port}/api/v1/docs?a=b")
    assert (plain, json.loads(body)["title"]) == (400, "Bad Request")


def test_compose_is_valid_and_strict(bake: Bake) -> None:
    project = bake()
    succeed("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml", cwd=project)
    services = read_compose(project)

    assert services.keys() == {"api", "nginx", "redis", "prometheus", "grafana"}
    for name, service in services.items():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert name == "api" or re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", service["image"])
        assert name == "nginx" or all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_nginx_has_the_defaults_of_the_api(bake: Bake) -> None:
    project = bake()
    compose = (project / "compose.yaml").read_text(encoding="utf-8")
    example = (project / ".env.example").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^([A-Z_0-9]+)=(.*)$", example, re.MULTILINE))

    defaults = dict(re.findall(r"\$\{([A-Z_0-9]+):-(.*?)\}", compose))

    assert {"MAX_TABLE_BYTES", "CLIENT_TIMEOUT", "REQUEST_TIMEOUT", "KEEP_ALIVE", "SHUTDOWN_TIMEOUT"} <= defaults.keys()
    for name in defaults.keys() & documented.keys():
        assert defaults[name] == documented[name], name
    assert defaults.keys() - documented.keys() == {"CERTIFICATES", "TLS_PORT"}
