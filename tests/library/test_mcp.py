"""Agents call models as tools of the Model Context Protocol, and mend a call by what its refusal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from modelapi import protocols
from modelapi.engines import Prediction
from modelapi.settings import SettingsError
from modelapi.signature import Signature
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.web import MakeClient, Record
from tests.official.mending import mend

if TYPE_CHECKING:
    import httpx2

HASHED = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # Of "test".
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture
def client(make: MakeClient) -> httpx2.Client:
    return make(protocols="mcp")


def say(client: httpx2.Client, method: str, params: object = None, **headers: str) -> httpx2.Response:
    message = {"jsonrpc": "2.0", "id": 7, "method": method, **({} if params is None else {"params": params})}
    return client.post("/mcp", json=message, headers=JSON | headers)


def call(client: httpx2.Client, tool: str, arguments: object, **headers: str) -> dict[str, Any]:
    answer = say(client, "tools/call", {"name": tool, "arguments": arguments}, **headers)
    assert answer.status_code == 200
    result: dict[str, Any] = answer.json()["result"]
    return result


def tools(client: httpx2.Client) -> dict[str, Any]:
    return {tool["name"]: tool for tool in say(client, "tools/list").json()["result"]["tools"]}


def test_a_tool_is_typed_by_the_signature(client: httpx2.Client, record: Record) -> None:
    found = tools(client)

    assert found.keys() == {"predict_pets", "explain_pets"}
    taken = Draft202012Validator(found["predict_pets"]["inputSchema"])
    assert taken.is_valid({"records": [record], "probabilities": True})
    for wrong in ({}, {"records": []}, {"records": [{**record, "Sex": "x"}]}, {"records": [record], "explain": True}):
        assert not taken.is_valid(wrong)
    assert found["explain_pets"]["inputSchema"]["properties"]["records"]["maxItems"] == 100
    assert found["predict_pets"]["annotations"]["readOnlyHint"] is True


def test_a_call_answers_what_predict_answers(client: httpx2.Client, record: Record) -> None:
    arguments = {"records": [record, {**record, "Age": 300}], "probabilities": True, "warnings": True}
    query = "?probabilities=true&warnings=true"
    found = tools(client)

    for tool, also in (("predict_pets", ""), ("explain_pets", "&explain=true")):
        result = call(client, tool, arguments)
        assert result["structuredContent"] == client.post(f"/predict{query}{also}", json=arguments["records"]).json()
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        assert not result["isError"]
        Draft202012Validator(found[tool]["outputSchema"]).validate(result["structuredContent"])


def test_a_large_answer_is_that_of_predict(client: httpx2.Client, record: Record) -> None:
    arguments = {"records": [record] * 2_000, "probabilities": True}

    answer = call(client, "predict_pets", arguments)["structuredContent"]

    assert answer == client.post("/predict?probabilities=true", json=arguments["records"]).json()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"records": {}, "probabilities": "yes", "verbose": True, "a/b~c": 1},
        {"records": []},
        {"records": [None, "female", {}]},
        {"records": {"Sex": "female", "Embarked": "S"}},
        {"records": [{"Sex": "femal", "Age": "old", "Embarked": "Paris", "Cabin": "C85"}, {"sex": "female"}]},
    ],
)
def test_a_refusal_says_how_a_call_is_mended(client: httpx2.Client, arguments: dict[str, Any]) -> None:
    for _ in range(3):
        result = call(client, "predict_pets", arguments)
        if not result["isError"]:
            break
        refusal = result["structuredContent"]
        assert refusal["status"] == 422
        assert all(error["pointer"] in result["content"][0]["text"] for error in refusal["errors"])
        mend(arguments, refusal)

    assert result["structuredContent"]["prediction"]


def test_what_is_mended_keeps_its_values(client: httpx2.Client) -> None:
    record = {"sexx": "male", "AGE": 40, "Embarkd": "Q"}
    expected = {"Sex": "male", "Age": 40, "Embarked": "Q"}

    for records in ([record], {**expected}):
        arguments: dict[str, Any] = {"records": records, "probabilities": "yes"}
        mend(arguments, call(client, "predict_pets", arguments)["structuredContent"])
        assert arguments["records"] == [expected]
    twice = call(client, "predict_pets", {"records": [{**expected, "Sexx": "male"}]})["structuredContent"]
    assert [error["action"] for error in twice["errors"]] == ["remove"]


def test_what_may_be_ignored_is_not_renamed(make: MakeClient) -> None:
    client = make(protocols="mcp", unknown_fields="ignore")

    refusal = call(client, "predict_pets", {"records": [{"sex": "male"}], "verbose": 1})["structuredContent"]

    assert [(error["pointer"], error["action"]) for error in refusal["errors"]] == [
        ("/verbose", "remove"),
        ("/records/0/Sex", "set"),
    ]


def test_too_many_records_are_refused_with_their_limit(make: MakeClient, record: Record) -> None:
    client = make(protocols="mcp", max_rows=2, max_explained_rows=1)

    for tool, most in (("predict_pets", 2), ("explain_pets", 1)):
        refusal = call(client, tool, {"records": [record] * (most + 1)})["structuredContent"]
        assert (refusal["status"], refusal["max_records"]) == (413, most)


def test_each_model_has_tools_and_what_the_owner_does_is_done(
    make: MakeClient, record: Record, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    def turn(prediction: Prediction, _: Signature) -> Prediction:
        prediction.labels[0][:] = 1 - prediction.labels[0]
        return prediction

    folder = save(tmp_path / "kinds", pets, pipeline).parent
    client = make(protocols="mcp", models={"kind": folder}, adjust=turn)

    found = tools(client)
    second = next(name for name in found if name.startswith("predict_") and name != "predict_pets")
    first = call(client, "predict_pets", {"records": [record]})["structuredContent"]

    assert first == client.post("/predict", json=[record]).json()
    assert first != make().post("/predict", json=[record]).json()
    pet = {"fur": "short", "age": 3, "indoor": True}
    assert call(client, second, {"records": [pet]})["structuredContent"] == {"prediction": ["cat"]}


def test_keys_and_rates_hold(make: MakeClient, record: Record) -> None:
    key = {"X-API-Key": "test"}
    client = make(protocols="mcp", api_keys=f"ada:{HASHED}", rate_limit="3/day")

    for method in ("initialize", "tools/list", "tools/call"):
        assert say(client, method).status_code == 401
    assert say(client, "tools/list", **key).status_code == 200
    assert say(client, "ping", **key).headers["RateLimit"].startswith('"3/day";r=1')
    assert not call(client, "predict_pets", {"records": [record]}, **key)["isError"]
    assert say(client, "tools/list", **key).status_code == 429
    for arguments in ({"records": [record]}, None):
        refusal = call(client, "predict_pets", arguments, **key)["structuredContent"]
        assert (refusal["status"], 0 < refusal["retry_after"] <= 86_400) == (429, True)


def test_a_call_is_logged_as_the_request_that_it_is(
    make: MakeClient, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make(protocols="mcp")
    say(client, "ping")  # At first, the SDK is imported.
    capsys.readouterr()

    call(client, "predict_pets", {"records": [record]})
    call(client, "predict_pets", {"records": [{**record, "Sex": "femal"}]})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"httpx2"' not in line]
    assert [(line["event"], line["route"], line["status"]) for line in lines] == [
        ("request", "/predict", 200),
        ("request", "/predict", 422),
    ]


def test_pages_of_other_origins_are_refused(make: MakeClient) -> None:
    page = {"Origin": "https://page.example"}
    asks = {**page, "Access-Control-Request-Method": "POST"}
    open_to_it = make(protocols="mcp", cors_origins="https://page.example")

    assert say(make(protocols="mcp"), "ping", **page).status_code == 403
    assert say(open_to_it, "ping", **page).status_code == 200
    assert say(open_to_it, "ping", Origin="https://other.example").status_code == 403
    assert "Mcp-Protocol-Version" in open_to_it.options("/mcp", headers=asks).headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{secret", 400, "the body is not well-formed JSON"),
        (b'[{"method": "secret"}]', 400, "send one message of JSON-RPC, an object"),
        (b'{"jsonrpc": "secret", "id": 1}', 400, "send one request or notification of JSON-RPC 2.0"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "secret"}', 200, "Method not found"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "secret"}}', 200, "no such tool"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"secret": 1}}', 200, "Invalid request"),
        (b'{"a": "' + b"secret" * 200 + b'"}', 413, "at most 1000 bytes"),
    ],
)
def test_what_is_no_call_is_refused_without_its_values(make: MakeClient, body: bytes, status: int, said: str) -> None:
    answer = make(protocols="mcp", max_body_bytes=1_000).post("/mcp", content=body, headers=JSON)

    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert "secret" not in answer.text


def test_only_post_is_answered(client: httpx2.Client) -> None:
    answer = client.get("/mcp", headers={"Accept": "text/event-stream"})

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert client.post("/mcp/other", json={}).status_code == client.post("/mcpx", json={}).status_code == 404
    assert client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}).status_code == 202


def test_a_start_without_the_sdk_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "find_spec", lambda _name: None)

    with pytest.raises(
        SettingsError, match=r"PROTOCOLS names mcp, which needs the package mcp: write ./vendor/modelapi\[.*,mcp"
    ):
        protocols.read_protocols("mcp")
    assert protocols.read_protocols("vertex") == ["vertex"]
