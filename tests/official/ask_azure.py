"""Ask as azure-ai-ml's `online_endpoints.invoke(local=True)` does, which needs Docker: its requests, of both forms."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cases import Case, run


def predict(case: Case) -> list[Any]:
    rows = [[record.get(name) for name in case.features] for record in case.records]
    split = {"columns": case.features, "index": list(range(len(rows))), "data": rows}
    assert "/0/Age: must be a number" in refusal(case, {"data": [{"Age": "old"}]})["message"]
    predictions = score(case, {"input_data": split})
    assert score(case, {"data": case.records}) == predictions
    return predictions


def score(case: Case, body: object) -> list[Any]:
    with urlopen(
        Request(f"{case.url}/score", json.dumps(body).encode(), {"Content-Type": "application/json"})
    ) as answer:
        predictions: list[Any] = json.load(answer)
    return predictions


def refusal(case: Case, body: object) -> dict[str, str]:
    try:
        raise AssertionError(f"it was answered: {score(case, body)}")
    except HTTPError as error:
        said: dict[str, str] = json.load(error)
        return said


if __name__ == "__main__":
    run(predict)
