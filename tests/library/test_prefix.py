"""Behind a proxy that serves the API below a prefix, whether it passes the prefix on or not."""

from urllib.parse import urljoin

import httpx2
import pytest
from modelapi.serving.keys import digest_of, write_entries
from modelapi.settings import SettingsError

from tests.library.web import MakeClient, Record

pytestmark = pytest.mark.web
ROOT = "/api/v1"


@pytest.mark.parametrize("seen", ["https://example.org/", f"https://example.org{ROOT}/"])
def test_links_and_servers_are_relative(client: httpx2.Client, seen: str) -> None:
    links = client.get("/").json()
    (server,) = client.get("/openapi.json").json()["servers"]

    assert urljoin(seen, links["docs"]) == f"{seen}docs"
    assert urljoin(f"{seen}openapi.json", server["url"]) == seen


def test_the_prefix_may_be_passed_on_or_not(make: MakeClient, record: Record) -> None:
    client = make(root_path=ROOT)

    for prefix in ("", ROOT):
        assert client.post(f"{prefix}/predict", json=record).status_code == 200
        assert client.get(f"{prefix}/health").text == "OK"
        assert client.get(f"{prefix}/static/form.js").status_code == 200
    assert client.get(f"{ROOT}/").json() == client.get("/").json()
    assert client.get(f"{ROOT}x/health").status_code == 404
    assert client.get(f"{ROOT}{ROOT}/health").status_code == 404


def test_without_its_slash_the_prefix_leads_to_where_relative_links_work(make: MakeClient) -> None:
    answer = make(root_path=ROOT).get(ROOT, follow_redirects=False)

    assert answer.status_code == 307
    assert answer.content == b""
    assert urljoin(f"https://example.org{ROOT}", answer.headers["location"]) == f"https://example.org{ROOT}/"


def test_keys_are_asked_for_below_the_prefix_too(make: MakeClient) -> None:
    client = make(root_path=ROOT, api_keys=write_entries([("ada", digest_of(b"key"))]))

    for prefix in ("", ROOT):
        assert client.get(f"{prefix}/health").status_code == 200
        assert client.get(f"{prefix}/model").status_code == 401
        assert client.get(f"{prefix}/model", headers={"X-API-Key": "key"}).status_code == 200


@pytest.mark.parametrize("root", ["api", "/", "/api/", "//api", "/a b", "/a?b"])
def test_what_is_no_prefix_is_refused(site: object, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    from api.settings import Settings

    monkeypatch.setenv("ROOT_PATH", root)

    with pytest.raises(SettingsError, match=r"^ROOT_PATH has a value that is not allowed: .*/api/v1"):
        Settings.load()
