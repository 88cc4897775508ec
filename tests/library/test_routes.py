"""The contract of the routes, over HTTP."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from modelapi.package import Package
from modelapi.serving.keys import digest_of, write_entries
from modelapi.serving.pages import Pages

from tests.library.web import MakeClient, Record

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = ["/", "/docs", "/redoc", "/model"]
FILES = Pages(Path("nowhere")).files


def test_hello_is_json_with_links_that_work(client: httpx2.Client) -> None:
    content = client.get("/").json()

    assert content.pop("message") == "Hello, world!"
    assert content.pop("predict") == "./predict"
    found = {path: client.get(urljoin("/", path)).status_code for path in content.values()}
    assert found == dict.fromkeys(content.values(), 200)


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_gets_a_page_that_loads_only_from_here(client: httpx2.Client, path: str) -> None:
    answer = client.get(path, headers=BROWSER)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "http" not in answer.text.replace("http-equiv", "")
    scripts = "'sha256-" if path == "/model" else "'self'; "  # The card holds its own.
    assert answer.headers["content-security-policy"].startswith(f"default-src 'none'; script-src {scripts}")
    assert ("'unsafe-inline'" in answer.headers["content-security-policy"]) == (path in ("/docs", "/redoc"))


def test_a_card_leads_back_to_its_form_and_to_the_docs(make: MakeClient, site: Path) -> None:
    client = make(models={"other": site / "artifacts"})

    for path, home in {"/model": "/", "/models/other": "/?model=other"}.items():
        head = client.get(path, headers=BROWSER).text.partition("<main>")[0]
        links = [urljoin(path, link) for link in re.findall('<a href="([^"]+)"', head)]
        assert links == [home, "/docs", "/redoc"]


def test_a_link_to_a_card_leads_to_where_the_key_is_asked_for(make: MakeClient, site: Path, current: Package) -> None:
    keys = write_entries([("ada", digest_of(b"key"))])
    client = make(api_keys=keys, models={"other": site / "artifacts"})
    places = {"/model": "/#model-card", "/models/other": "/?model=other#model-card"}

    found = {path: client.get(path, headers=BROWSER, follow_redirects=False) for path in places}
    assert {path: urljoin(path, answer.headers["location"]) for path, answer in found.items()} == places
    assert {answer.status_code for answer in found.values()} == {307}
    for headers in ({}, {"Accept": "image/png"}, {**BROWSER, "X-API-Key": "wrong"}):
        assert client.get("/model", headers=headers).status_code == 401
    assert client.get("/models/none", headers=BROWSER).status_code == 401

    card = client.get("/model", headers={**BROWSER, "X-API-Key": "key"})
    policy = client.get("/", headers=BROWSER).headers["content-security-policy"]
    assert card.text == current.card
    for own in re.findall("'sha256-[^']*'", card.headers["content-security-policy"]):
        assert f"'self' {own}" in policy


def test_pages_may_be_framed_by_none_but_those_that_a_setting_names(client: httpx2.Client, make: MakeClient) -> None:
    framed = make(frame_ancestors="self, http://localhost:*, vscode-webview:")

    for path in PAGES:
        for one, ancestors in ((client, "'none'"), (framed, "'self' http://localhost:* vscode-webview:")):
            policy = one.get(path, headers=BROWSER).headers["content-security-policy"]
            assert f"; frame-ancestors {ancestors};" in policy


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_static_file_is_served_with_its_type(client: httpx2.Client, name: str) -> None:
    answer = client.get(f"/static/{name}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] in ("text/html", "text/css", "text/javascript")


@pytest.fixture
def own_pages(site: Path) -> Iterator[Path]:
    folder = site / "api" / "pages"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_a_file_of_the_project_comes_before_ours_and_its_others_beside_them(make: MakeClient, own_pages: Path) -> None:
    (own_pages / "index.html").write_text("<p>Mine</p>")
    (own_pages / "logo.svg").write_text("<svg/>")
    (own_pages / "notes.txt").write_text("not for clients")

    client = make()

    assert client.get("/", headers=BROWSER).text == "<p>Mine</p>"
    assert client.get("/static/logo.svg").headers["content-type"] == "image/svg+xml"
    assert client.get("/static/style.css").status_code == 200
    assert client.get("/static/notes.txt").status_code == 404
    assert client.get("/static/..%2Fpages%2Flogo.svg").status_code == 404


@pytest.mark.parametrize("name", ["nope.js", "LICENSES.txt", "..%2Fapp.py", ".env"])
def test_nothing_else_is_served_from_the_static_folder(client: httpx2.Client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_health_is_ok(client: httpx2.Client) -> None:
    assert client.get("/health").text == "OK"


def test_ready_names_the_model(client: httpx2.Client, current: Package) -> None:
    manifest = current.manifest

    assert client.get("/ready").json() == {
        "status": "ready",
        "model": {"name": manifest.name, "version": manifest.version, "engine": manifest.engine},
    }


def test_model_answers_the_whole_signature(client: httpx2.Client, current: Package) -> None:
    content = client.get("/model").json()

    assert content["signature"] == current.signature.model_dump()
    assert content["metrics"] == current.metrics
    assert content["manifest"]["version"] == current.manifest.version


def test_head_has_the_headers_of_get(client: httpx2.Client) -> None:
    answer = client.head("/health")

    assert (answer.status_code, answer.headers["content-length"]) == (200, "2")


def test_every_answer_names_the_model_and_the_request(client: httpx2.Client, current: Package) -> None:
    for path in ("/health", "/nope", "/predict"):
        answer = client.get(path, headers={"X-Request-ID": "my-id.1"})

        assert answer.headers["x-model-version"] == current.manifest.version
        assert answer.headers["x-request-id"] == "my-id.1"


@pytest.mark.parametrize("wanted", ["", "a b", "x" * 65, "<script>"])
def test_a_request_id_that_is_not_sane_is_replaced(client: httpx2.Client, wanted: str) -> None:
    given = client.get("/health", headers={"X-Request-ID": wanted}).headers["x-request-id"]

    assert len(given) == 32
    assert given != wanted


def test_another_model_than_the_pinned_one_is_not_served(make: MakeClient) -> None:
    assert make(model_sha256="0" * 64).get("/ready").status_code == 503


def test_without_a_model_the_api_is_alive_but_not_ready(make: MakeClient, record: Record, tmp_path: str) -> None:
    client = make(model_dir=tmp_path)

    assert client.get("/health").status_code == 200
    assert "x-model-version" not in client.get("/health").headers
    for answer in (
        client.get("/ready"),
        client.get("/model"),
        client.get("/openapi.json"),
        client.post("/predict", json=record),
    ):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["content-type"] == "application/problem+json"
