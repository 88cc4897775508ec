"""Ask an API by the Python client, and print what came of it: ask.py URL KEY; ask.mjs does the same."""

import io
import json
import math
import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator

import other_api_client as other
from titanic_survival_api_client import ApiError, Client, InputRecord

url, key = sys.argv[1:]
N_ROWS = 100_000
GIRL: InputRecord = {"Age": 3, "Sex": "female"}
MAN: InputRecord = {"Age": 300, "Sex": "male", "Embarked": "S"}
TABLE = "Age,Sex,Embarked\n3,female,\n300,male,S\n"


def refusal(act: Callable[[], object]) -> dict[str, object]:
    try:
        act()
    except ApiError as error:
        return {"status": error.status, "detail": error.detail, "errors": error.errors, "text": str(error)}
    raise AssertionError


def message(act: Callable[[], object]) -> str:
    try:
        act()
    except Exception as error:
        return re.sub(r"\(.*\)", "", str(error).replace("None", "null").replace("strip", "trim"))
    raise AssertionError


def lines() -> Iterator[bytes]:
    yield b"Age,Sex,Embarked\n"
    for row in range(N_ROWS):
        yield b"3,female,\n" if row % 2 else b"30,male,S\n"


def stream() -> str:
    """Send and read a long table, of which no more than some blocks are in memory."""
    tracemalloc.start()
    n_rows = n_survived = 0
    for block in client.predict_csv(lines()):
        n_rows += block.count(b"\n")
        n_survived += block.count(b"1")
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    return f"{n_rows - 1} {n_survived}"


def differences() -> list[str]:
    try:
        other.Client(url, key=key).predict(GIRL)  # type: ignore[typeddict-item]
    except other.ModelDiffers as error:
        return error.differences
    raise AssertionError


client = Client(url, key=key)
impatient = Client(url, key=key, retries=0)
small = Client(url, key=key, max_rows=2)
one = client.predict(GIRL)
many = client.predict([GIRL, MAN], probabilities=True, explain=True, warnings=True)
found = {
    "one": one.prediction,
    "version": one.model_version,
    "many": [many.prediction, many.probability, many.explanation, many.warnings],
    "batches": [small.predict([GIRL, MAN] * 3).prediction, small.predict([GIRL, GIRL, MAN], warnings=True).warnings],
    "none": refusal(lambda: client.predict([])),
    "unknown": refusal(lambda: small.predict([GIRL] * 3 + [{**GIRL, "Sex": "neither"}])),  # type: ignore[typeddict-item]
    "no key": refusal(lambda: Client(url).predict_csv(lines())),
    "table": b"".join(client.predict_csv([TABLE.encode()], probabilities=True)).decode(),
    "as text": [client.predict_csv(table).read().decode() for table in (TABLE.encode(), io.StringIO(TABLE), [TABLE])],
    "NaN": client.predict({**GIRL, "Age": math.nan}).prediction,
    "infinity": message(lambda: client.predict([GIRL, {**GIRL, "Age": math.inf}])),
    "stream": stream(),
    "differences": differences(),
    "too often": refusal(lambda: [impatient.predict(GIRL) for _ in range(1_000)])["status"],
    "with path": refusal(lambda: Client(f"{url}predict", key=key).predict(GIRL))["text"],
    "not there": message(lambda: Client("http://127.0.0.1:2").predict(GIRL)),
    "key": message(lambda: Client(url, key="mapi_secret\n")),
    "again": [client.predict(GIRL).prediction for _ in range(2)],
}
print(json.dumps(found))
