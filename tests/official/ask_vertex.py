"""Ask as google-cloud-aiplatform's LocalEndpoint does, which needs Docker: its requests by http.client."""

import json
from http.client import HTTPConnection
from typing import Any

from cases import Case, run


def predict(case: Case) -> list[Any]:
    assert ask(case, "GET", "/vertex/health")[0] == 200
    status, said = ask(case, "POST", "/vertex/predict", {"instances": [{"Age": "old"}]})
    assert status == 422
    assert "/0/Age: must be a number" in said["error"]
    status, said = ask(case, "POST", "/vertex/predict", {"instances": case.records})
    assert status == 200
    predictions: list[Any] = said["predictions"]
    return predictions


def ask(case: Case, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = HTTPConnection(case.netloc)
    connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


if __name__ == "__main__":
    run(predict)
