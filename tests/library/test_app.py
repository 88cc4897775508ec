"""What guards the routes is in the application itself: keys, rates, origins, headers, under any server and client."""

from hashlib import sha256

import httpx2
import pytest

from tests.library.web import MakeClient, Record

KEY = "mapi_a-key-of-ada"
KEYS = f"ada:{sha256(KEY.encode()).hexdigest()}"
OPEN = ["/", "/health", "/ready", "/docs", "/redoc", "/openapi.json", "/llms.txt", "/static/form.js", "/metrics"]


@pytest.mark.parametrize("header", [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_a_key_opens_what_is_not_open_and_its_name_is_logged(
    make: MakeClient, record: Record, header: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client = make(api_keys=KEYS)

    refused = client.post("/predict", json=record)
    wrong = client.post("/predict", json=record, headers={"Authorization": "Bearer another"})
    answer = client.post("/predict", json=record, headers=header)

    assert [refused.status_code, wrong.status_code, answer.status_code] == [401, 401, 200]
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["instance"] == f"urn:request:{refused.headers['x-request-id']}"
    logged = capsys.readouterr().out
    assert logged.count('"principal":"ada"') == 1
    assert "mapi_" not in logged
    assert "another" not in logged


@pytest.mark.parametrize("path", OPEN)
def test_probes_docs_and_pages_need_no_key(make: MakeClient, path: str) -> None:
    assert make(api_keys=KEYS, rate_limit="1/day").get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", "/predict"), ("DELETE", "/model"), ("OPTIONS", "/predict")]
)
def test_who_has_no_key_does_not_learn_what_there_is(make: MakeClient, method: str, path: str) -> None:
    assert make(api_keys=KEYS).request(method, path).status_code == 401


def test_a_body_is_not_looked_at_without_a_key(make: MakeClient) -> None:
    client = make(api_keys=KEYS, max_body_bytes=10)

    assert client.post("/predict", content=b"x" * 100).status_code == 401
    assert client.post("/predict", content="a,b\n", headers={"Content-Type": "text/csv"}).status_code == 401


def test_metrics_need_a_key_where_they_are_not_public(make: MakeClient) -> None:
    client = make(api_keys=KEYS, public_metrics=False)

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"X-API-Key": KEY}).status_code == 200


def test_the_limit_of_requests_is_a_429_and_leaves_probes_alone(make: MakeClient, record: Record) -> None:
    client = make(rate_limit="2/minute")

    answers = [client.post("/predict", json=record) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"].startswith('"2/minute";r=1;t=')
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"2/minute";q=2;w=60'}
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["title"] == "Too Many Requests"
    assert "ratelimit" not in client.get("/ready").headers


def test_each_key_has_its_own_limit(make: MakeClient) -> None:
    bob = "mapi_a-key-of-bob"
    client = make(api_keys=f"{KEYS},bob:{sha256(bob.encode()).hexdigest()}", rate_limit="1/hour")

    statuses = [client.get("/model", headers={"X-API-Key": key}).status_code for key in (KEY, KEY, bob)]

    assert statuses == [200, 429, 200]


def test_only_pages_of_the_origins_that_are_set_may_call(make: MakeClient, record: Record) -> None:
    client = make(cors_origins="https://a.example, https://b.example", api_keys=KEYS)
    key = {"X-API-Key": KEY}

    allowed = client.post("/predict", json=record, headers={**key, "Origin": "https://b.example"})
    other = client.post("/predict", json=record, headers={**key, "Origin": "https://c.example"})
    refused = client.post("/predict", json=record, headers={"Origin": "https://b.example"})
    closed = make().post("/predict", json=record, headers={"Origin": "https://a.example"})

    assert allowed.headers["access-control-allow-origin"] == "https://b.example"
    assert allowed.headers["vary"] == "Origin"
    assert "X-Model-Version" in allowed.headers["access-control-expose-headers"]
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://b.example"  # So that its script can read why.
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in closed.headers


def test_a_browser_may_ask_before_it_sends_without_a_key_or_a_count(make: MakeClient, record: Record) -> None:
    client = make(cors_origins="https://a.example", api_keys=KEYS, rate_limit="1/hour")
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    preflights = [client.options("/predict", headers=asked) for _ in range(2)]
    answer = client.post("/predict", json=record, headers={"X-API-Key": KEY})

    for preflight in preflights:
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://a.example"
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert "X-API-Key" in preflight.headers["access-control-allow-headers"]
    assert answer.status_code == 200


def test_every_answer_has_the_safe_headers(client: httpx2.Client, record: Record) -> None:
    answers = [client.get(path) for path in ("/", "/health", "/nothing", "/docs", "/static/form.js", "/metrics")]
    answers.append(client.post("/predict", content=b"?"))
    prediction = client.post("/predict", json=record)

    for answer in answers:
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for answer in [*answers, prediction]:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
