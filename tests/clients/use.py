"""Uses clients as their types allow; a line that ends in `refused` is one that they do not allow."""

import io
from collections.abc import Iterator
from datetime import date
from typing import Literal, assert_type

import odd_client as odd
import plain_client as plain
import scored_client as scored
import transform_client as transform
from plain_client.model import Label

client = plain.Client("http://localhost:8080", key="…", timeout=5, retries=1)
one: plain.InputRecord = {
    "Sex": "female",
    "keys": 2,
    "Class": 3,
    "share": 0.5,
    "aboard": True,
    "day": date(2026, 11, 21),
    "note": "",
}


def records() -> Iterator[plain.InputRecord]:
    yield {**one, "Age": None}
    yield {**one, "Age": 3}


answer = client.predict(records(), probabilities=True, explain=True, warnings=True)
assert_type(answer.prediction, list[Label])
label: Literal[0, 1] = answer.prediction[0]
share: float = answer.probability[0]["1"] + answer.explanation[0]["1"]["contributions"]["Age"]
pointers: list[str] = [fault["pointer"] for fault in answer.warnings]
blocks: list[bytes] = list(client.predict_csv([b"Age\n"], probabilities=True))
with open("rows.csv") as file:
    tables = [client.predict_csv(table).read() for table in ("rows.csv", b"Age\n", io.StringIO("Age\n"), file)]
tables.append(client.predict_csv(["Age\n"]).read(1_000))

one["Sex"] = "neither"  # refused
one["Sexx"] = "male"  # refused
wrong: plain.InputRecord = {**one, "Age": "3"}  # refused
typo: plain.InputRecord = {**one, "Agee": 3}  # refused
client.predict([{**one, "Sex": "femal"}])  # refused
client.predict({"Age": 3})  # refused
client.predict([{**one, "Class": 4}])  # refused
client.predict(one, scores=True)  # refused
share = answer.probability[0]["2"]  # refused

topic: odd.InputRecord = {"a b": 1, "class": "*/", '"""': 2, "größe ✓": "category 999", "li\nne": None, "__proto__": 1}
topics = odd.Client("http://localhost:8080").predict([topic])
label = topics.prediction[0]["sport & games"]
share = topics.probability[0]["news"]["1"]
topic["größe ✓"] = "category 1000"  # refused
topic["grösse"] = "category 1"  # refused

made: float = transform.Client("http://localhost:8080").predict({"x": 1}).prediction[0]["pca 0"]
kind: Literal["a b", "c", "d"] = scored.Client("http://localhost:8080").predict({"x": 1}).prediction[0]
score: float = scored.Client("http://localhost:8080").predict({"x": 1}, scores=True).score[0]["a b"]
transform.Client("http://localhost:8080").predict({"x": 1}, probabilities=True)  # refused
