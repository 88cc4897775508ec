"""Ask with the serializers of SageMaker's SDK, whose predictors send what these make to an endpoint in its cloud."""

import json
from typing import Any
from urllib.request import Request, urlopen

from cases import Case, run
from sagemaker.core.deserializers import CSVDeserializer, JSONDeserializer, JSONLinesDeserializer
from sagemaker.core.serializers import CSVSerializer, JSONLinesSerializer, JSONSerializer


def predict(case: Case) -> list[Any]:
    with urlopen(f"{case.url}/ping") as answer:
        assert json.load(answer)["model"]["version"] == case.version
    names = [feature["name"] for feature in case.signature["features"]]
    rows = [[record.get(name) for name in names] for record in case.records]
    predictions: list[Any] = invoke(case, JSONSerializer(), case.records, JSONDeserializer())["prediction"]
    for serializer, sent in ((CSVSerializer(), rows), (JSONLinesSerializer(), case.records)):
        assert invoke(case, serializer, sent, JSONDeserializer())["prediction"] == predictions
        lines = invoke(case, serializer, sent, JSONLinesDeserializer())
        assert [line["prediction"] for line in lines] == predictions
        assert len(invoke(case, serializer, sent, CSVDeserializer())) == len(predictions)
    return predictions


def invoke(case: Case, serializer: Any, sent: Any, deserializer: Any) -> Any:
    headers = {"Content-Type": serializer.CONTENT_TYPE, "Accept": ", ".join(deserializer.ACCEPT)}
    body = serializer.serialize(sent).encode()
    with urlopen(Request(f"{case.url}/invocations", body, headers)) as answer:
        return deserializer.deserialize(answer, answer.headers["Content-Type"])


if __name__ == "__main__":
    run(predict)
