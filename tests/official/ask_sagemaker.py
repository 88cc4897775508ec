"""Ask with the serializers of SageMaker's SDK, whose predictors send what these make to an endpoint in its cloud."""

import json
from typing import Any
from urllib.request import Request, urlopen

from cases import Case, run
from sagemaker.core.deserializers import JSONDeserializer
from sagemaker.core.serializers import JSONSerializer


def predict(case: Case) -> list[Any]:
    sent, said = JSONSerializer(), JSONDeserializer()
    headers = {"Content-Type": sent.CONTENT_TYPE, "Accept": ",".join(said.ACCEPT)}
    body = sent.serialize(case.records).encode()
    with urlopen(f"{case.url}/ping") as answer:
        assert json.load(answer)["model"]["version"] == case.version
    with urlopen(Request(f"{case.url}/invocations", body, headers)) as answer:
        predictions: list[Any] = said.deserialize(answer, answer.headers["Content-Type"])["prediction"]
    return predictions


if __name__ == "__main__":
    run(predict)
