"""What other platforms ask of a container is answered as POST /predict answers, by their names and in their forms."""

import json
import re
import shlex
from pathlib import Path

import pytest
from modelapi.settings import SettingsError

from tests.library.conftest import SKELETON
from tests.library.web import MakeClient, Record

CSV = {"Content-Type": "text/csv"}
JSON = {"Content-Type": "application/json"}


def test_sagemaker_pings_and_invokes(make: MakeClient, record: Record) -> None:
    client = make(protocols="sagemaker")

    assert client.get("/ping").status_code == 200
    for body in ({"json": [record, record]}, {"json": record}):
        ours, theirs = client.post("/predict", **body), client.post("/invocations", **body)
        assert (theirs.status_code, theirs.content) == (200, ours.content)
    assert client.post("/invocations", json=[{**record, "Age": "old"}]).json()["errors"][0]["pointer"] == "/0/Age"
    assert client.get("/invocations").headers["Allow"] == "POST"


def test_the_requests_of_the_readme_are_answered(make: MakeClient) -> None:
    readme = (SKELETON / "vendor" / "modelapi" / "README.md").read_text(encoding="utf-8")
    section = readme.partition("### Protocols of platforms")[2].partition("\n## ")[0]
    commands = re.findall(r"```console\n(curl .*?)```", section, flags=re.DOTALL)
    client = make(protocols="azure,sagemaker,v1,v2,vertex")

    for command in commands:
        options = shlex.split(command.replace("titanic-survival-api", "pets"))[1:]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}  # As curl says of -d.
        while options:
            match options:
                case ["-H", header, *options]:
                    headers |= [header.split(": ")]
                case ["-d", body, *options]:
                    pass
                case ["--json", body, *options]:
                    headers |= JSON
                case [url, *options]:
                    pass
        answer = client.post(url.removeprefix("localhost:8080"), content=body, headers=headers)
        assert answer.status_code == 200, (command, answer.text)
    assert len(commands) == 5


def test_vertex_predicts_instances(make: MakeClient, record: Record) -> None:
    client = make(protocols="vertex")
    records = [record, {**record, "Age": 300}]
    asked = {"probabilities": True, "warnings": True}

    ours = client.post("/predict?probabilities=true&warnings=true", json=records).json()
    theirs = client.post("/vertex/predict", json={"instances": records})
    more = client.post("/vertex/predict", json={"instances": records, "parameters": asked}).json()["predictions"]

    assert client.get("/vertex/health").status_code == 200
    assert theirs.status_code == 200
    assert theirs.headers["Content-Type"] == "application/json"
    assert theirs.headers["X-Model-Version"]
    assert theirs.json() == {"predictions": ours["prediction"]}
    assert [entry["probability"] for entry in more] == ours["probability"]
    assert more[0]["warnings"] == []
    assert (
        [{**warning, "pointer": "/1" + warning["pointer"]} for warning in more[1]["warnings"]] == ours["warnings"] != []
    )


def test_vertex_names_its_paths(make: MakeClient, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "v1/health")  # Without a slash, as some write it.
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/v1/endpoints/1:predict")

    client = make(protocols="vertex")

    assert client.get("/v1/health").status_code == 200
    assert client.post("/v1/endpoints/1:predict", json={"instances": [record]}).status_code == 200
    assert client.get("/vertex/health").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "the body is not well-formed JSON"),
        (b'{"instances": [NaN]}', 400, "the body is not well-formed JSON"),
        (b"[]", 422, 'send an object with "instances", a list of records'),
        (b'{"instances": {}}', 422, 'send an object with "instances", a list of records'),
        (b'{"instances": [], "parameters": {"scores": "yes"}}', 422, "each true or false"),
        (b'{"instances": [{"Sex": "x"}]}', 422, "/0/Sex: must be one of: female, male"),
        (b'{"instances": []}', 422, "the records do not fit the model in 1 place; must "),
        (b'{"instances": [' + b" " * 2_000 + b"]}", 413, "at most 1000 bytes"),
    ],
)
def test_vertex_is_refused_in_its_form(make: MakeClient, body: bytes, status: int, said: str) -> None:
    answer = make(protocols="vertex", max_body_bytes=1_000).post("/vertex/predict", content=body, headers=JSON)

    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    assert said in answer.json()["error"]


def test_json_of_more_memory_than_records_take_is_not_read(make: MakeClient) -> None:
    answer = make(protocols="vertex", max_rows=10).post("/vertex/predict", json={"instances": [[]] * 20_000})

    assert answer.status_code == 413
    assert "at most 10020 lists and objects" in answer.json()["error"]


def test_a_key_is_asked_for_before_a_body_is_read(make: MakeClient, record: Record) -> None:
    hashed = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # Of "test".
    client = make(protocols="vertex,sagemaker", api_keys=f"ada:{hashed}", max_body_bytes=10)
    body = {"instances": [record]}

    assert client.post("/vertex/predict", json=body).status_code == 401
    assert client.post("/invocations", json=record).status_code == 401
    assert client.post("/vertex/predict", json=body, headers={"X-API-Key": "test"}).status_code == 413


def test_what_stands_for_an_open_path_needs_no_key(make: MakeClient) -> None:
    client = make(protocols="mlflow,v1,v2,vertex", api_keys=f"ada:{'0' * 64}")
    described = client.get("/openapi.json").json()["paths"]

    for path in (
        *("/ping", "/version", "/vertex/health", "/v1/models", "/v1/models/pets", "/v2"),
        *("/v2/health/live", "/v2/health/ready", "/v2/models/pets/ready"),
    ):
        assert client.get(path).status_code == 200, path
        assert path not in described
    for path in ("/v1/models/pets/metadata", "/v2/models/pets"):
        assert client.get(path).status_code == 401, path


def test_another_method_is_refused_in_form_and_a_page_may_ask_before_it_sends(make: MakeClient) -> None:
    client = make(protocols="vertex", cors_origins="https://a.example")
    asks = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    refused, allowed = client.get("/vertex/predict"), client.options("/vertex/predict", headers=asks)

    assert (refused.status_code, refused.headers["Allow"], [*refused.json()]) == (405, "POST", ["error"])
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Methods"]) == (200, "GET, HEAD, POST")


def test_a_protocol_is_off_unless_it_is_named(make: MakeClient, record: Record) -> None:
    client = make()

    assert client.get("/ping").status_code == client.post("/invocations", json=record).status_code == 404


@pytest.mark.usefixtures("site")
def test_an_unknown_protocol_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.settings import Settings

    monkeypatch.setenv("PROTOCOLS", "sagemaker,soap")

    with pytest.raises(SettingsError, match=r"^PROTOCOLS has a value that is not allowed"):
        Settings.load()


@pytest.mark.usefixtures("site")
def test_vertex_names_port_and_folder_too_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.settings import Settings

    monkeypatch.setenv("AIP_HTTP_PORT", "7080")
    monkeypatch.setenv("AIP_STORAGE_URI", "file:///models/a%20b")
    assert Settings.load().port == 8080
    monkeypatch.setenv("PROTOCOLS", "v1, vertex")
    assert (Settings.load().port, Settings.load().model_dir) == (7080, Path("/models/a b"))
    monkeypatch.setenv("PORT", "9090")
    monkeypatch.setenv("AIP_STORAGE_URI", "gs://bucket/SECRET")
    with pytest.raises(
        SettingsError, match=r"^MODEL_DIR, or AIP_STORAGE_URI .* build the model into the image"
    ) as told:
        Settings.load()
    assert "SECRET" not in str(told.value)
    monkeypatch.setenv("MODEL_DIR", "/models")
    assert (Settings.load().port, Settings.load().model_dir) == (9090, Path("/models"))


def test_a_problem_that_the_owner_wrote_without_a_detail_is_refused_in_form() -> None:
    from modelapi.protocols.translation import Asked, Translation, refuse_in_text
    from modelapi.serving.answers import json_answer

    translation = Translation(lambda _: asked, refuse_in_text)
    asked = Asked(lambda _: json_answer({}))

    said = translation.answer(
        asked,
        "1",
        404,
        {"content-type": "application/problem+json; charset=utf-8"},
        b'{"title": "No such passenger"}',
    )

    assert (said.status, said.body) == (404, b'{"error":"there is nothing at this path: GET / lists what there is"}')


def test_what_a_protocol_refuses_counts_as_a_request(make: MakeClient, record: Record) -> None:
    client = make(protocols="vertex", rate_limit="2/hour")

    malformed = [client.post("/vertex/predict", content=b"{", headers=JSON) for _ in range(3)]

    assert [answer.status_code for answer in malformed] == [400, 400, 429]
    assert malformed[2].json().keys() == {"error"}
    assert malformed[2].headers["Retry-After"]
    assert client.post("/predict", json=record).status_code == 429
    assert 'route="/predict",status="400"' in client.get("/metrics").text


def test_the_log_tells_what_was_asked_in_which_protocol(
    make: MakeClient, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make(protocols="v1", rate_limit="1/hour")

    statuses = [
        client.post("/v1/models/pets:predict", content=b"{", headers=JSON).status_code,
        client.post("/v1/models/pets:predict", json={"instances": [record]}).status_code,
        client.get("/v1/models/SECRET/metadata").status_code,
    ]

    lines = [line for line in map(json.loads, filter(None, capsys.readouterr().out.splitlines())) if "route" in line]
    assert [(line["protocol"], line["route"]) for line in lines] == [
        ("v1", "/predict"),
        ("v1", "/predict"),
        ("v1", None),
    ]
    assert statuses == [400, 429, 429]
