"""The Open Inference Protocol: tensors in JSON and in bytes, answered as POST /predict answers, refused in its form."""

import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pytest
from modelapi.package import Package
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from tests.library.fitted_models import flowers, package_fitted
from tests.library.packages import save
from tests.library.web import MakeClient, Record

INFER = "/v2/models/pets/infer"
LENGTH = "Inference-Header-Content-Length"
RECORDS: list[Record] = [
    {"Age": 24.1, "Sex": "female", "Embarked": "S"},
    {"Age": 31, "Sex": "male", "Embarked": "Q"},
    {"Sex": "male", "Embarked": "C"},
]


def tensor(name: str, datatype: str, data: Any, *shape: int, **parameters: Any) -> dict[str, Any]:
    sent = {"data": data} if data is not None else {"parameters": parameters}
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], **sent}


def texts(*values: str) -> bytes:
    return b"".join(len(value.encode()).to_bytes(4, "little") + value.encode() for value in values)


def in_json() -> list[dict[str, Any]]:
    """RECORDS as tensors, one with a column."""
    ages, sexes, ports = ([record.get(name) for record in RECORDS] for name in ("Age", "Sex", "Embarked"))
    return [tensor("Sex", "BYTES", sexes), tensor("Age", "FP64", ages), tensor("Embarked", "BYTES", ports, 3, 1)]


def in_bytes(**request: Any) -> tuple[dict[str, Any], bytes]:
    """RECORDS as tensors behind the JSON, the ages as float32 with NaN."""
    ages = np.array([24.1, 31, np.nan], "<f4").tobytes()
    sexes, ports = texts("female", "male", "male"), texts("S", "Q", "C")
    inputs = [
        tensor("Age", "FP32", None, 3, binary_data_size=len(ages)),
        tensor("Sex", "BYTES", None, 3, binary_data_size=len(sexes)),
        tensor("Embarked", "BYTES", None, 3, 1, binary_data_size=len(ports)),
    ]
    return {"inputs": inputs, **request}, ages + sexes + ports


def ask(client: httpx2.Client, request: Any, behind: bytes = b"", path: str = INFER) -> httpx2.Response:
    head = json.dumps(request).encode()
    return client.post(path, content=head + behind, headers={LENGTH: str(len(head))} if behind else {})


def read(answer: httpx2.Response) -> dict[str, Any]:
    """Read the outputs of an answer by their names, those in bytes as arrays."""
    size = int(answer.headers.get(LENGTH, len(answer.content)))
    found, behind = {}, answer.content[size:]
    for output in json.loads(answer.content[:size])["outputs"]:
        if "data" not in output:
            length = output["parameters"]["binary_data_size"]
            output["data"] = np.frombuffer(
                behind[:length], {"INT64": "<i8", "FP64": "<f8"}[output["datatype"]]
            ).tolist()
            behind = behind[length:]
        found[output["name"]] = output
    assert not behind
    return found


def test_the_server_and_its_model_describe_themselves(make: MakeClient, current: Package) -> None:
    client, manifest = make(protocols="v2"), current.manifest

    described = client.get("/v2/models/pets").json()

    assert client.get("/v2").json() == {"name": "Pets", "version": "0.1.0", "extensions": ["binary_tensor_data"]}
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get(f"/v2/models/pets/versions/{manifest.version}/ready").json() == {"name": "pets", "ready": True}
    assert client.get(f"/v2/models/pets/versions/{manifest.version}").json() == described
    assert (described["name"], described["versions"]) == ("pets", [manifest.version])
    assert [(one["name"], one["datatype"], one["shape"]) for one in described["inputs"]] == [
        ("Age", "FP64", [-1]),
        ("Sex", "BYTES", [-1]),
        ("Embarked", "BYTES", [-1]),
    ]
    assert described["inputs"][1]["parameters"]["categories"] == ["female", "male"]
    assert described["inputs"][0]["parameters"].items() >= {"type": "number", "nullable": True, "maximum": 80}.items()
    assert described["outputs"] == [
        {"name": "predict", "datatype": "INT64", "shape": [-1], "parameters": {"classes": [0, 1]}},
        {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 2], "parameters": {"columns": ["0", "1"]}},
    ]


def test_tensors_in_json_are_answered_as_records_are(make: MakeClient, current: Package) -> None:
    client = make(protocols="v2")
    ours = client.post("/predict?probabilities=true", json=RECORDS).json()
    both = [{"name": "predict_proba"}, {"name": "predict"}]

    answer = ask(client, {"inputs": in_json(), "id": "a-1"})
    more = read(ask(client, {"inputs": in_json(), "id": "<a>" * 9, "outputs": both}))

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "model_name": "pets",
        "model_version": current.manifest.version,
        "id": "a-1",
        "outputs": [{"name": "predict", "datatype": "INT64", "shape": [3], "data": ours["prediction"]}],
    }
    assert more["predict"]["data"] == ours["prediction"]
    assert more["predict_proba"]["shape"] == [3, 2]
    assert more["predict_proba"]["data"] == [share for row in ours["probability"] for share in row.values()]


def test_tensors_in_bytes_are_answered_in_bytes(make: MakeClient) -> None:
    client = make(protocols="v2")
    ours = client.post("/predict?probabilities=true", json=RECORDS).json()
    outputs = [{"name": "predict_proba"}, {"name": "predict", "parameters": {"binary_data": False}}]

    answer = ask(client, *in_bytes(outputs=outputs, parameters={"binary_data_output": True}))

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert read(answer)["predict"]["data"] == ours["prediction"]
    assert read(answer)["predict_proba"]["data"] == [share for row in ours["probability"] for share in row.values()]


@pytest.mark.parametrize(("datatype", "dtype"), [("FP16", "<f2"), ("FP32", "<f4"), ("INT8", "<i1"), ("UINT64", "<u8")])
def test_one_tensor_may_hold_all_features(make: MakeClient, tmp_path: Path, datatype: str, dtype: str) -> None:
    X, y = flowers()
    numbers = X[::7].abs().round(1 if datatype.startswith("FP") else 0).to_numpy()
    raw = numbers.astype(dtype)
    package_fitted(tmp_path, LinearSVC().fit(X, y), X, "kind")
    client = make(protocols="v2", model_dir=tmp_path)
    ours = client.post("/predict?scores=true", json=[dict(zip(X, row, strict=True)) for row in numbers.tolist()]).json()
    outputs = [{"name": "predict"}, {"name": "scores"}]
    behind = tensor("x", datatype, None, *numbers.shape, binary_data_size=raw.nbytes)

    nested = ask_first(
        client, {"inputs": [tensor("x", datatype, numbers.tolist(), *numbers.shape)], "outputs": outputs}
    )
    flat = ask_first(client, {"inputs": [behind], "outputs": outputs}, raw.tobytes())

    assert read(nested) == read(flat)
    assert read(nested)["predict"] == {**tensor("predict", "BYTES", ours["prediction"]), "shape": [9]}
    assert read(nested)["scores"]["data"] == [score for row in ours["score"] for score in row.values()]


def test_each_of_several_targets_is_an_output(make: MakeClient, tmp_path: Path) -> None:
    X, _ = flowers()
    package_fitted(tmp_path, LinearRegression().fit(X, X * 2), X, "double length", "double.width")
    client = make(protocols="v2", model_dir=tmp_path)
    ours = client.post("/predict", json=X[:2].to_dict("records")).json()["prediction"]
    inputs = [tensor(name, "FP64", X[name][:2].tolist()) for name in X]

    found = read(ask_first(client, {"inputs": inputs}))
    one = read(ask_first(client, {"inputs": inputs, "outputs": [{"name": "predict.double.width"}]}))

    assert {name: output["data"] for name, output in found.items()} == {
        f"predict.{target}": [row[target] for row in ours] for target in ours[0]
    }
    assert [*one] == ["predict.double.width"]


def test_values_are_what_the_dtype_of_an_array_made_of_them_elsewhere(
    make: MakeClient, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    save(tmp_path, pets, pipeline)
    client = make(protocols="v2", models={"kind": tmp_path})
    inputs = [
        tensor("fur", "BYTES", ["short", "None"]),
        tensor("age", "BOOL", None, 2, binary_data_size=2),
        tensor("indoor", "FP32", None, 2, binary_data_size=8),
    ]
    records = [{"fur": "short", "age": 1, "indoor": False}, {"fur": None, "age": 0, "indoor": True}]

    answer = ask(client, {"inputs": inputs}, b"\1\0" + np.array([0, 1], "<f4").tobytes(), "/v2/models/<pets>/infer")

    assert answer.json()["model_name"] == "<pets>"
    assert read(answer)["predict"]["data"] == client.post("/models/kind/predict", json=records).json()["prediction"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ([], 'send an object with "inputs"'),
        ({"inputs": {}}, 'send an object with "inputs"'),
        ({"inputs": [1]}, "/inputs/0: must be an object with"),
        ({"inputs": [tensor("Age", "FP64", [], 10**12)]}, "/inputs/0: the shape must tell the number of values"),
        ({"inputs": [tensor("Age", "FP64", None, 10**12, binary_data_size=0)]}, "/inputs/0: binary_data_size must"),
        ({"inputs": [tensor("Age", "FP64", None, 1, binary_data_size=8)]}, "/inputs/0: binary_data_size must"),
        ({"inputs": [tensor("Age", "FP64", [1], -1)]}, "/inputs/0: the shape must have whole numbers"),
        ({"inputs": [tensor("Age", "FP64", [[1, 2], [3]], 2, 2)]}, "/inputs/0: the shape must tell"),
        ({"inputs": [tensor("Age", "FP128", [1])]}, "/inputs/0: datatype must be one of BOOL, INT8"),
        ({"inputs": [tensor("secret", "FP64", [1, 2], 1, 2)]}, "[n, 3], in this order: Age, Sex, Embarked"),
        ({"inputs": [tensor("age", "FP64", [1])]}, "/age: is not a feature of this model, which are: Age, Sex"),
        ({"inputs": [tensor("Age", "FP64", [1]), tensor("Sex", "BYTES", ["male"] * 2)]}, "/inputs/1: the tensors of"),
        ({"inputs": [*in_json()[1:], tensor("Sex", "FP64", [1, 2, 3])]}, "/0/Sex: must be one of: female, male"),
        ({"inputs": in_json()[1:]}, "/Sex: is missing: it must be one of: female, male"),
        ({"inputs": [*in_json(), in_json()[0]]}, "/Sex: is there twice"),
        ({"inputs": [*in_json(), tensor("Fare", "FP64", [1] * 3)]}, "/Fare: is not a feature of this model"),
        (
            {"inputs": in_json(), "outputs": [{"name": "secret"}]},
            "the outputs of this model are predict, predict_proba",
        ),
        ({"inputs": in_json(), "outputs": {}}, '"outputs" must be a list'),
        ({"inputs": in_json(), "outputs": [{"name": "predict"}] * 3}, '"outputs" must be a list of at most 2'),
    ],
)
def test_what_is_wrong_is_refused_in_the_form_of_the_protocol(make: MakeClient, request_: Any, said: str) -> None:
    answer = ask(make(protocols="v2"), request_)

    assert (answer.status_code, [*answer.json()]) == (400, ["error"])
    assert said in answer.json()["error"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (np.array([24, np.inf, 3], "<f4").tobytes() + in_bytes()[1][12:], "/1/Age: must be a number of at most"),
        (in_bytes()[1][:12] + b"\xff" * 4 + in_bytes()[1][16:], "/inputs/1: each value must be text in UTF-8"),
        (in_bytes()[1].replace(b"male", b"m\xffle"), "/inputs/1: each value must be text in UTF-8"),
        (in_bytes()[1] + b"x", "there are more bytes behind the JSON"),
        (in_bytes()[1][:-1], "/inputs/2: binary_data_size must tell"),
    ],
)
def test_bytes_that_are_no_tensors_are_refused(make: MakeClient, raw: bytes, said: str) -> None:
    answer = ask(make(protocols="v2"), in_bytes()[0], raw)

    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_many_rows_of_few_bytes_are_refused_before_they_are_records(make: MakeClient) -> None:
    client = make(protocols="v2", max_body_bytes=10_000)

    answer = ask(client, {"inputs": [tensor("x", "INT8", None, 900, 3, binary_data_size=2_700)]}, bytes(2_700))
    lying = client.post(INFER, content=b"{}", headers={LENGTH: "9"})

    assert (answer.status_code, lying.status_code) == (413, 400)
    assert "Inference-Header-Content-Length must be" in lying.json()["error"]


def test_what_is_not_served_is_not_found(make: MakeClient) -> None:
    client = make(protocols="v2")

    for path in ("/v2/models/dogs", "/v2/models/dogs/ready", "/v2/models/pets/versions/1", "/v2/repository"):
        answer = client.get(path)
        assert (answer.status_code, [*answer.json()]) == (404, ["error"]), path
    assert ask(client, {"inputs": in_json()}, path="/v2/models/dogs/infer").status_code == 404
    assert client.get(INFER).status_code == 405


def ask_first(client: httpx2.Client, request: Any, behind: bytes = b"") -> httpx2.Response:
    """Ask the first model, whatever it is called."""
    return ask(client, request, behind, f"/v2/models/{client.get('/ready').json()['model']['name']}/infer")
