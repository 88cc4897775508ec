"""Ask by the client in Python that openapi-generator makes of our OpenAPI document."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, get_args

from cases import Case, cases, document

ONLY = "apis,models,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"


def main() -> None:
    asked = list(cases())
    client = generate(document(asked))
    print(json.dumps([predict(client, case) for case in asked]))


def generate(document: bytes) -> Any:
    """Return the client, as a module."""
    Path("openapi.json").write_bytes(document)
    command = Path(sys.executable).with_name("openapi-generator-cli")
    arguments = ("generate", "-i", "openapi.json", "-g", "python", "-o", ".", "--global-property", ONLY)
    subprocess.run([command, *arguments], check=True, stdout=sys.stderr)
    sys.path.insert(0, ".")
    return importlib.import_module("openapi_client")


def predict(client: Any, case: Case) -> list[Any]:
    api = client.PredictionsApi(client.ApiClient(client.Configuration(host=case.url)))
    call = find(api, f"predict_{case.name}")
    request = next(one.annotation for one in signature(call).parameters.values() if isinstance(one.annotation, type))
    record, _ = get_args(request.model_fields["oneof_schema_1_validator"].annotation)

    see_refusal(lambda: record.from_dict({**case.records[0], "Sex": "unknown"}), ValueError)
    error = see_refusal(
        lambda: call(request.model_construct(actual_instance={"Age": "old"})),
        client.exceptions.UnprocessableEntityException,
    )
    assert "/Age" in {fault.pointer for fault in error.data.errors}
    asked = {"probabilities": True} if "probability" in case.answer else {}
    answer = call(request([record.from_dict(one) for one in case.records]), **asked).to_dict()
    assert answer == case.answer
    predictions: list[Any] = answer["prediction"]
    return predictions


def find(api: Any, name: str) -> Callable[..., Any]:
    """Find an operation, whose name the generator writes in another way."""
    names = {one.replace("_", "").lower(): one for one in vars(type(api)) if not one.startswith("_")}
    operation: Callable[..., Any] = getattr(api, names[name.replace("_", "").lower()])
    return operation


def see_refusal(call: Callable[[], Any], kind: type[Exception]) -> Any:
    """Return the error with which a call is to be refused."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("it was answered")


if __name__ == "__main__":
    main()
