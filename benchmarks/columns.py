"""What a client gains that sends 100,000 rows in columns: python -m benchmarks.columns http://localhost:8080.

From a table of Arrow in memory to one of predictions, in each media type in turn, by one client on one connection. The
server wants MAX_BODY_BYTES=100000000 and MAX_ROWS=100000, for JSON.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

ROWS = 100_000
ROUNDS = 7


class Way(NamedTuple):
    """A media type, and how a client writes and reads it."""

    media_type: str
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    """Return what is written to a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def stream(table: Any, **options: Any) -> bytes:
    """Write a stream of batches of 10,000 rows."""
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as batches:
        batches.write_table(table, max_chunksize=10_000)
    return file.getvalue()


WAYS = {
    "JSON": Way("application/json", lambda table: json.dumps(table.to_pylist()).encode(), json.loads),
    "NDJSON": Way(
        "application/x-ndjson",
        lambda table: "".join(f"{json.dumps(row)}\n" for row in table.to_pylist()).encode(),
        lambda body: pyarrow.json.read_json(io.BytesIO(body)),
    ),
    "CSV": Way(
        "text/csv",
        lambda table: written(lambda file: pyarrow.csv.write_csv(table, file)),
        lambda body: pyarrow.csv.read_csv(io.BytesIO(body)),
    ),
    "Parquet": Way(
        "application/vnd.apache.parquet",
        lambda table: written(lambda file: pq.write_table(table, file)),
        lambda body: pq.read_table(io.BytesIO(body)),
    ),
    "Arrow": Way("application/vnd.apache.arrow.stream", stream, lambda body: pa.ipc.open_stream(body).read_all()),
}


def main(url: str) -> None:
    """Print the median seconds and the bytes of each way, and its ratio to CSV."""
    with urlopen(f"{url}/model") as answer:
        features = json.load(answer)["signature"]["features"]
    table = pa.table({feature["name"]: values(feature) for feature in features})
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    sizes = {}
    for _ in range(ROUNDS + 1):
        for name, way in WAYS.items():
            began = time.perf_counter()
            body = way.write(table)
            with urlopen(Request(f"{url}/predict", body, {"Content-Type": way.media_type})) as answer:
                way.read(answer.read())
            seconds[name].append(time.perf_counter() - began)
            sizes[name] = len(body)
    medians = {name: statistics.median(found[1:]) for name, found in seconds.items()}  # The first one warms up.
    for name, median in medians.items():
        print(
            f"{name:8} {median:6.2f} s, CSV takes {medians['CSV'] / median:5.2f} times that; {sizes[name]:>10,} bytes"
        )


def values(feature: dict[str, Any]) -> list[Any]:
    """Make values of a feature: its categories in turn, or numbers of its range."""
    if known := feature["categories"]:
        return [known[row % len(known)] for row in range(ROWS)]
    if feature["type"] not in ("number", "integer") or feature["minimum"] is None:
        return [feature["example"]] * ROWS
    low, high = feature["minimum"], feature["maximum"]
    found = [low + (high - low) * (row * 7919 % ROWS) / ROWS for row in range(ROWS)]
    return [float(int(value)) for value in found] if feature["type"] == "integer" else found


if __name__ == "__main__":
    main(sys.argv[1])
