"""No request to a protocol, however odd, is answered with a 5xx, and each is refused in the protocol's own form.

MUTATED_REQUESTS=5000 tries more of them for each protocol.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest

from tests.library.test_v2 import INFER, LENGTH, in_bytes, in_json
from tests.library.web import MakeClient, Record

N_REQUESTS = int(os.environ.get("MUTATED_REQUESTS", "200"))
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
ODD = [
    *(None, True, False, 0, -1, 10**12, 2**63, 10**40, -0.0, 1e308, float("nan"), float("inf"), float("-inf")),
    *(
        "",
        "female",
        "NaN",
        "2024-01-01",
        "\ud800",
        "\x00",
        "é" * 300,
        [],
        [[]],
        {},
        {"": None},
        [None],
        {"b64": "AA=="},
    ),
    *([1, 2], [[1], [2, 3]], [{}], {"Age": {}}, ["female"] * 50),
]
HEADERS = {
    "Content-Type": ["application/json; charset=utf-16", "text/csv", "application/octet-stream", "*/*", ";", ""],
    "Accept": ["text/csv", "application/json;q=0", "a/b", ",,;", "*/*"],
    "Content-Encoding": ["gzip", "identity", "br, gzip"],
    "Inference-Header-Content-Length": ["0", "-1", "5", "999999999999999999999", "x"],
    "X-Amzn-SageMaker-Custom-Attributes": ["a", "x" * 1_025],
}


@dataclass(frozen=True)
class Sent:
    """A request: what is well-formed in its protocol, or what became of it."""

    path: str
    body: Any = None
    """JSON if it is no bytes; None sends a GET."""
    headers: dict[str, str] = field(default_factory=lambda: JSON)


def sagemaker(record: Record) -> list[Sent]:
    return [
        Sent("/ping"),
        Sent("/invocations", [record, record]),
        Sent("/invocations", {"instances": [record, [*record.values()]]}, {**JSON, "Accept": "text/csv"}),
        Sent("/invocations", b"Age,Sex\n24,female\n", CSV),
        Sent("/invocations", b"24,female,S\n", {**CSV, "Accept": "application/json"}),
        Sent("/invocations", b'{"Age": 24, "Sex": "female"}\n', {"Content-Type": "application/jsonlines"}),
    ]


def vertex(record: Record) -> list[Sent]:
    asked = {"probabilities": True, "warnings": True}
    return [
        Sent("/vertex/health"),
        Sent("/vertex/predict", {"instances": [record, record], "parameters": asked}),
    ]


def mcp(record: Record) -> list[Sent]:
    arguments = {"records": [record, record], "probabilities": True}
    call = {"name": "predict_pets", "arguments": arguments}
    name = "io.modelcontextprotocol"
    newest = {f"{name}/protocolVersion": "2026-07-28", f"{name}/clientCapabilities": {}}
    of_call = {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "predict_pets"}
    begin = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    return [
        Sent("/mcp", {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": begin}),
        Sent("/mcp", {"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": {}}),
        Sent("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
        Sent("/mcp", {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}),
        Sent(
            "/mcp",
            {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {**call, "_meta": newest}},
            JSON | of_call,
        ),
    ]


def v1(record: Record) -> list[Sent]:
    predict = "/v1/models/pets:predict"
    columns = {name: [value, value] for name, value in record.items()}
    return [
        Sent("/v1/models"),
        Sent("/v1/models/pets/metadata"),
        Sent(predict, {"instances": [record, list(record.values())], "parameters": {"probabilities": True}}),
        Sent(predict, {"inputs": columns, "signature_name": "serving_default"}),
    ]


def mlflow(record: Record) -> list[Sent]:
    split = {"columns": list(record), "index": [0], "data": [list(record.values())]}
    return [
        Sent("/ping"),
        Sent("/version"),
        Sent("/invocations", {"dataframe_split": split, "params": {"warnings": True}}),
        Sent("/invocations", {"dataframe_records": [record]}),
        Sent("/endpoints/pets/invocations", {"inputs": {name: [value] for name, value in record.items()}}),
        Sent("/invocations", b"Age,Sex\n24,female\n", CSV),
    ]


def azure(record: Record) -> list[Sent]:
    split = {"columns": list(record), "index": [0], "data": [list(record.values())]}
    return [
        Sent("/score", {"input_data": split, "params": {"warnings": True}}),
        Sent("/score", {"data": [record, list(record.values())]}),
        Sent("/score", [record]),
    ]


def v2(record: Record) -> list[Sent]:
    outputs = [{"name": "predict"}, {"name": "predict_proba", "parameters": {"binary_data": True}}]
    request, behind = in_bytes(outputs=outputs)
    head = json.dumps(request).encode()
    return [
        Sent("/v2"),
        Sent("/v2/health/ready"),
        Sent("/v2/models/pets"),
        Sent("/v2/models/pets/ready"),
        Sent(INFER, {"id": "1", "inputs": in_json(), "outputs": outputs}),
        Sent(INFER, head + behind, {LENGTH: str(len(head))}),
    ]


def is_problem(refusal: httpx2.Response) -> bool:
    return {"type", "title", "status", "detail", "instance"} <= refusal.json().keys()


def is_error_text(refusal: httpx2.Response) -> bool:
    said = refusal.json()
    return said.keys() == {"error"} and isinstance(said["error"], str)


def is_rpc_error(refusal: httpx2.Response) -> bool:
    said = refusal.json()
    return said["jsonrpc"] == "2.0" and {"code", "message"} <= said["error"].keys()


def is_mlflow(refusal: httpx2.Response) -> bool:
    return refusal.json().keys() == {"error_code", "message"}


def is_message(refusal: httpx2.Response) -> bool:
    return refusal.json().keys() == {"message"}


Refused = Callable[[httpx2.Response], bool]
PROTOCOLS: dict[str, tuple[Callable[[Record], list[Sent]], Refused]] = {
    "azure": (azure, is_message),
    "mcp": (mcp, is_rpc_error),
    "mlflow": (mlflow, is_mlflow),
    "sagemaker": (sagemaker, is_problem),
    "v1": (v1, is_error_text),
    "v2": (v2, is_error_text),
    "vertex": (vertex, is_error_text),
}
"""What each is asked, before it is mutated, and whether a refusal at one of these very paths has its form."""


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_mutated_requests_are_answered_or_refused_in_form(make: MakeClient, record: Record, protocol: str) -> None:
    seeds_of, is_in_form = PROTOCOLS[protocol]
    seeds, chance = seeds_of(record), random.Random(protocol)
    client = make(protocols=protocol, max_body_bytes=100_000, log_level="error")
    assert [send(client, seed).status_code for seed in seeds] == [200] * len(seeds)

    statuses = set()
    for _ in range(N_REQUESTS):
        seed = chance.choice(seeds)
        sent = mutate(seed, chance)
        answer = send(client, sent)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, sent
        assert answer.status_code < 400 or sent.path != seed.path or is_in_form(answer), (sent, answer.content)

    assert {200, 400} <= statuses


def send(client: httpx2.Client, sent: Sent) -> httpx2.Response:
    if sent.body is None:
        return client.get(sent.path)
    content = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
    return client.post(sent.path, content=content, headers=sent.headers)


def mutate(sent: Sent, chance: random.Random) -> Sent:
    """Change a request in one to three ways."""
    for _ in range(chance.randint(1, 3)):
        kind = chance.choices(("path", "header", "bytes", "value"), (1, 1, 3, 6))[0]
        if kind == "path":
            sent = replace(sent, path=mutate_path(sent.path, chance))
        elif kind == "header":
            name = chance.choice(list(HEADERS))
            sent = replace(sent, headers=sent.headers | {name: chance.choice(HEADERS[name])})
        elif sent.body is not None and (kind == "bytes" or isinstance(sent.body, bytes)):
            content = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
            sent = replace(sent, body=mutate_bytes(content, chance))
        elif sent.body is not None:
            sent = replace(sent, body=mutate_value(deepcopy(sent.body), chance))
    return sent


def mutate_path(path: str, chance: random.Random) -> str:
    """Change, leave out or add a part of a path."""
    parts = path.split("/")
    place = chance.randrange(1, len(parts))
    part = parts[place]
    parts[place : place + 1] = chance.choice([[], [part, part], [part, "x"], ["x"], [part[1:]], ["%00"], ["é" * 99]])
    return "/" + "/".join(parts[1:])


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Cut out, double, overwrite or insert a few bytes."""
    start = chance.randint(0, len(content))
    end = min(len(content), start + chance.choice((1, 2, 5, 50)))
    taken = content[start:end]
    new = chance.choice([b"", taken * 2, chance.randbytes(len(taken)), chance.randbytes(3), b"[" * 500, b"9" * 400])
    return content[:start] + new + content[end:]


def mutate_value(value: Any, chance: random.Random) -> Any:
    """Put something odd in the place of a part of JSON, leave it out, or add to it."""
    if isinstance(value, list | dict) and value and chance.random() < 0.9:
        key = chance.choice([*value]) if isinstance(value, dict) else chance.randrange(len(value))
        if chance.random() < 0.15:
            value.pop(key)
        else:
            value[key] = mutate_value(value[key], chance)
        return value
    if isinstance(value, dict):
        return value | {chance.choice(["Other", "", "parameters", "id", "a/b~c"]): chance.choice(ODD)}
    return [*value, chance.choice(ODD)] if isinstance(value, list) and chance.random() < 0.5 else chance.choice(ODD)
