"""GET /llms.txt tells a language model what it needs for a request."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from tests.library.fitted_models import package_fitted
from tests.library.web import MakeClient, Record


def test_the_example_of_llms_txt_is_answered(make: MakeClient, record: Record) -> None:
    client = make()

    answer = client.get("/llms.txt")
    command = answer.text.partition("```sh\n")[2].partition("\n```")[0]
    _, url, _, header, _, body = shlex.split(command.replace("\\\n", ""))

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# Pets\n")
    assert "- `POST /predict`: Predict Survived\n" in answer.text
    assert json.loads(body) == record
    path, (name, _, value) = url.removeprefix("$URL"), header.partition(": ")
    assert client.post(path, content=body, headers={name: value}).status_code == 200
    assert "./mcp" not in answer.text


def test_llms_txt_says_that_a_key_is_needed(make: MakeClient) -> None:
    keys = {"api_keys": f"ada:{'0' * 64}"}
    text = make(**keys, protocols="mcp").get("/llms.txt").text

    assert 'Authorization: Bearer $KEY"' in text
    assert "save for /, /docs, /health, /llms.txt, /metrics, /openapi.json, /ready, /redoc.\n" in text
    assert "./mcp" in text
    assert "/metrics" not in make(**keys, public_metrics=False).get("/llms.txt").text.partition("## An example")[0]


def test_llms_txt_tells_what_a_record_holds_and_what_is_answered(make: MakeClient, record: Record) -> None:
    client = make()

    text = client.get("/llms.txt").text
    answer = json.loads(text.partition("```json\n")[2].partition("\n```")[0])

    assert "| `Sex` | string | one of female, male | must be there |\n" in text
    assert re.search(r"\| `Age` \| number \| .* to 80 in training \| null, or left out \|\n", text)
    assert re.search(r"- `Survived`: one of 0.*, 1", text)
    for option in ("warnings", "probabilities", "explain"):
        assert f"- `{option}`: " in text
    predicted = client.post("/predict", json=record).json()
    assert answer.keys() == predicted.keys()
    assert type(answer["prediction"][0]) is type(predicted["prediction"][0])


def test_llms_txt_of_a_wide_model_is_short(make: MakeClient, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 800))
    X = pd.DataFrame(rows, columns=[f"measured at | {place}" for place in range(800)])
    package_fitted(tmp_path, LinearRegression().fit(X, X.iloc[:, :2]), X, "first", "second")

    text = make(model_dir=tmp_path).get("/llms.txt").text

    assert len(text) < 40_000
    assert "| `measured at \\| 99` | number |" in text
    assert "measured at \\| 100" not in text
    assert "and 700 more that GET /model lists" in text
