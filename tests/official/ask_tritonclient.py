"""Ask with Triton's client: a tensor for each feature, or one for all where all are numbers, in bytes and in JSON."""

from typing import Any

import numpy as np
from cases import Case, run
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import InferenceServerException, triton_to_np_dtype


def predict(case: Case) -> list[Any]:
    with InferenceServerClient(case.netloc) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready(case.name, case.version)
        assert not client.is_model_ready(case.name, "1")
        assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
        described = client.get_model_metadata(case.name)
        assert (described["name"], described["versions"]) == (case.name, [case.version])
        arrays = {one["name"]: array(case, one) for one in described["inputs"]}
        inputs = [tensor(one["name"], one["datatype"], arrays[one["name"]]) for one in described["inputs"]]
        outputs = [one["name"] for one in described["outputs"]]
        wanted = [InferRequestedOutput(name, binary_data="proba" not in name) for name in outputs]
        answer = client.infer(case.name, inputs, case.version, wanted, "1")
        assert answer.get_response()["id"] == "1"
        for one in described["outputs"]:
            assert answer.get_output(one["name"])["datatype"] == one["datatype"]
        if "probability" in case.answer:
            assert read(answer, outputs, "predict_proba") == [values(row) for row in case.answer["probability"]]
        predictions = read(answer, outputs, "predict")
        assert read(client.infer(case.name, inputs), outputs, "predict") == predictions
        if not any(one.dtype == object for one in arrays.values()):
            matrix = np.stack([*arrays.values()], axis=1, dtype=np.float32)
            for is_binary in (True, False) if not np.isnan(matrix).any() else (True,):
                one = tensor("features", "FP32", matrix, is_binary)
                assert read(client.infer(case.name, [one]), outputs, "predict") == predictions
        old = tensor("Age", "BYTES", np.array(["old"] * len(case.records), object))
        refused = refusal(client, case.name, *[one for one in inputs if one.name() != "Age"], old)
        assert refused.startswith("[400] the records do not fit"), refused
        assert "/0/Age: must be a number" in refused, refused
    return predictions


def refusal(client: InferenceServerClient, name: str, *inputs: InferInput) -> str:
    try:
        client.infer(name, inputs)
    except InferenceServerException as error:
        return str(error)
    return ""


def array(case: Case, described: dict[str, Any]) -> Any:
    values = [record.get(described["name"]) for record in case.records]
    return np.array(values, triton_to_np_dtype(described["datatype"]))


def tensor(name: str, datatype: str, values: Any, is_binary: bool = True) -> InferInput:
    sent = InferInput(name, values.shape, datatype)
    sent.set_data_from_numpy(values, binary_data=is_binary)
    return sent


def read(answer: InferResult, outputs: list[str], kind: str) -> list[Any]:
    """List what is answered for each record: of several targets, an object with one a target."""
    found = {}
    for name in outputs:
        if name.partition(".")[0] == kind:
            values = answer.as_numpy(name)
            found[name.partition(".")[2]] = (
                [one.decode() for one in values] if values.dtype == object else values.tolist()
            )
    return (
        found[""] if "" in found else [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    )


def values(shares: dict[str, Any]) -> Any:
    """List the shares of a record, of several targets those of each."""
    several = all(isinstance(share, dict) for share in shares.values())
    return {target: [*of_it.values()] for target, of_it in shares.items()} if several else [*shares.values()]


if __name__ == "__main__":
    run(predict)
