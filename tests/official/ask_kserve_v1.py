"""Ask by KServe's client, in its first protocol, and as the documentation of TensorFlow Serving does with curl."""

import asyncio
import json
from typing import Any
from urllib.request import urlopen

import httpx
from cases import Case, run
from kserve import InferenceRESTClient, RESTConfig


def predict(case: Case) -> list[Any]:
    predictions = asyncio.run(ask(case))
    columns = {name: [record.get(name) for record in case.records] for name in case.features}
    body = json.dumps({"signature_name": "serving_default", "inputs": columns}).encode()
    with urlopen(f"{case.url}/v1/models/{case.name}:predict", body) as answer:  # Which says that it is a form.
        outputs = json.load(answer)["outputs"]
    is_one = not isinstance(predictions[0], dict)
    assert outputs == (predictions if is_one else {name: [one[name] for one in predictions] for name in predictions[0]})
    with urlopen(f"{case.url}/v1/models/{case.name}/metadata") as answer:
        defined = json.load(answer)["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert list(defined["inputs"]) == case.features
    return predictions


async def ask(case: Case) -> list[Any]:
    client = InferenceRESTClient(RESTConfig(protocol="v1"))
    assert await client.is_model_ready(case.url, case.name)
    refused = await refusal(client, case, {"instances": [{"Age": "old"}]})
    assert refused.status_code == 400
    assert "/0/Age: must be a number" in refused.json()["error"]
    answer = await client.infer(case.url, {"instances": case.records}, case.name)
    predictions: list[Any] = answer["predictions"]
    return predictions


async def refusal(client: Any, case: Case, body: object) -> httpx.Response:
    try:
        raise AssertionError(f"it was answered: {await client.infer(case.url, body, case.name)}")
    except httpx.HTTPStatusError as error:
        return error.response


if __name__ == "__main__":
    run(predict)
