"""What pages say to people: the parts of their scripts that need no page, run as a browser runs them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from modelapi.page import html, runners

pytestmark = pytest.mark.skipif(
    runners.find() is None and os.environ.get("CI") != "true", reason="neither Node.js nor a browser is here"
)

FILES = html.find_files(Path("nowhere"))
SAY = "const text = JSON.stringify(found);\nglobalThis.process ? console.log(text) : document.body.append(text);"
NO_BREAK, MINUS = "\u00a0", "\u2212"


def evaluate(tmp_path: Path, names: str, module: str, expression: str) -> Any:
    """Import names from a module of the page, and return what an expression of them is."""
    entry = tmp_path / "entry.js"
    entry.write_text(f'import {{ {names} }} from "./{module}";\nconst found = {expression};\n{SAY}', encoding="utf-8")
    said, _ = runners.run(html.join({**FILES, "entry.js": entry}, "entry.js"))
    return json.loads(said)


def test_numbers_have_one_sign_for_minus_and_percent(tmp_path: Path) -> None:
    names = "legible, percent, signed, signedPercent, count"
    written = (
        "[legible(-0.04248), signed(-34.3), signed(0), percent(0.614), signedPercent(0.188), signedPercent(-1e-9), "
        "count(1309)]"
    )

    found = evaluate(tmp_path, names, "words.js", written)

    percents = [f"61.4{NO_BREAK}%", f"+18.8{NO_BREAK}%", f"0{NO_BREAK}%"]
    assert found == [f"{MINUS}0.04248", f"{MINUS}34.3", "0", *percents, "1,309"]


def test_a_number_among_those_seen_is_placed_as_it_is(tmp_path: Path) -> None:
    ends = [0, 0, 0, 10, 20]

    found = evaluate(
        tmp_path, "placed", "answer.js", f"[-1, 0, 5, 10, 20, 21].map((value) => placed({ends}, value, 'of all'))"
    )

    assert found == [
        "lower than all of all",
        f"among the lowest 50{NO_BREAK}% of all",
        f"higher than about 50{NO_BREAK}% of all",
        f"higher than about 75{NO_BREAK}% of all",
        f"higher than about 100{NO_BREAK}% of all",
        "higher than all of all",
    ]


def test_whole_numbers_with_labels_are_chosen_from(tmp_path: Path) -> None:
    codes = {"type": "integer", "labels": {"3": "Third", "1": "First"}, "minimum": 1.0, "maximum": 3.0, "example": 2}
    others = [{**codes, "labels": {}}, {**codes, "labels": {"1": "First"}, "maximum": 30}, {**codes, "type": "number"}]

    found = evaluate(tmp_path, "choicesOf", "fields.js", f"{json.dumps([codes, *others])}.map(choicesOf)")
    said = evaluate(tmp_path, "said", "words.js", f"[1, 2].map((value) => said({json.dumps(codes)}, value))")

    assert found == [[1, 2, 3], None, None, None]
    assert said == ["First", "2"]


def test_the_form_asks_in_words_for_people(tmp_path: Path) -> None:
    cases = [
        ("integer", 1.5, "must be a whole number of at most 9007199254740991 in size", "enter a whole number"),
        ("integer", 1e300, "must be a whole number of at most 9007199254740991 in size", "this number is too large"),
        ("number", None, "is missing: it must be a number of at most 3.4e+38 in size", "enter a number"),
        ("number", 1e39, "must be a number of at most 3.4e+38 in size or null", "this number is too large"),
        ("string", None, "is missing: it must be one of: female, male", "choose one"),
        ("string", "x", "must be one of: female, male", "must be one of: female, male"),
        ("number", -1, "must be above 0, says who made this API", "must be above 0, says who made this API"),
    ]
    asked = json.dumps([[{"type": kind}, value, detail] for kind, value, detail, _ in cases])

    found = evaluate(tmp_path, "inWords", "form.js", f"{asked}.map((one) => inWords(...one))")

    assert found == [expected for *_, expected in cases]


def test_columns_of_answers_are_called_as_their_targets_and_classes(tmp_path: Path) -> None:
    one = {"target": {"name": "y", "labels": {"0": "died"}}}
    outputs = [{"name": "a", "title": "A"}, {"name": "a_b", "labels": {"1": "yes"}}]
    columns = [[name, one] for name in ("prediction", "probability_0", "score")]
    columns += [[name, {"target": {"outputs": outputs}}] for name in ("prediction_a", "probability_a_b_1")]

    found = evaluate(tmp_path, "headOf", "table.js", f"{json.dumps(columns)}.map((one) => headOf(...one))")

    assert found == ["prediction", "probability of died", "score", "prediction of A", "probability of a_b: yes"]


def test_what_is_no_table_is_told_apart_from_one(tmp_path: Path) -> None:
    files = {"a.png": "\x89PNG\r\n\x1a\n", "a.parquet": "a,b\n1,2\n", "a.csv": "a,b\n1,é\n"}
    read = "readTable({name, arrayBuffer: async () => new TextEncoder().encode(text).buffer})"
    said = "({rows}) => rows, (error) => error.message"

    found = evaluate(
        tmp_path,
        "readTable",
        "reading.js",
        f"await Promise.all(Object.entries({json.dumps(files)}).map(([name, text]) => {read}.then({said})))",
    )

    assert found == ["This is no table in CSV or Parquet."] * 2 + [[["1", "é"]]]
