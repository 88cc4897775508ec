"""Ask with KServe's client in its protocol V2, whose tensors are JSON."""

import asyncio
from typing import Any

from cases import Case, run
from httpx import HTTPStatusError
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


def predict(case: Case) -> list[Any]:
    return asyncio.run(_predict(case))


async def _predict(case: Case) -> list[Any]:
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(case.url)
        assert await client.is_server_ready(case.url)
        assert await client.is_model_ready(case.url, case.name)
        inputs = [tensor(case, feature) for feature in case.signature["features"]]
        answer = await client.infer(case.url, InferRequest(case.name, inputs, request_id="a-b"), case.name)
        assert (answer.model_name, answer.id) == (case.name, "a-b")  # The client drops the version.
        try:
            await client.infer(case.url, InferRequest(case.name, inputs[:1] * 2), case.name)
            refusal = ""
        except HTTPStatusError as error:
            refusal = str(error)
        assert "400 Bad Request" in refusal
        assert "is there twice" in refusal
    found = {output.name.partition(".")[2]: output.data for output in answer.outputs}
    if "" in found:
        return list(found[""])
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def tensor(case: Case, feature: dict[str, Any]) -> InferInput:
    datatype = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}.get(feature["type"], "BYTES")
    values = [record.get(feature["name"]) for record in case.records]
    return InferInput(feature["name"], [len(values), 1], datatype, data=values)


if __name__ == "__main__":
    run(predict)
