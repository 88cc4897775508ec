"""GET /llms.txt tells a language model what it needs for a request."""

import json
import shlex

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
    text = make(api_keys=f"ada:{'0' * 64}", protocols="mcp").get("/llms.txt").text

    assert 'Authorization: Bearer $KEY"' in text
    assert "./mcp" in text
