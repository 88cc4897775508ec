"""Score a table and serve the API on a Ray cluster of two nodes, one of which is killed; print what became of that.

Runs where a project is installed, in its folder: python ray_cluster.py PORT. The project has a route /node that says
on which node it is answered.
"""

import http.client
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import ray
import yaml
from modelapi.scoring import score
from ray.cluster_utils import Cluster
from ray.serve._private.api import serve_start
from ray.serve.schema import ServeDeploySchema

PATIENCE = 240  # Seconds for all of it.
CLIENTS = 4
AFTER = 50  # Requests of each client that begin after the node was killed.
BODY = json.dumps([{"Age": 24, "Sex": "female", "Embarked": "C"}, {"Age": 85, "Sex": "male", "Embarked": "S"}]).encode()
OPTIONS: dict[str, Any] = {"num_cpus": 1, "include_dashboard": False}
HEAD, OTHER = "127.0.0.2", "127.0.0.3"  # Ray takes 127.0.0.1 for the address of the machine.


@contextmanager
def cluster() -> Iterator[tuple[Cluster, Any]]:
    """Start two nodes with a core each, and end them; the second is the one to kill."""
    made = Cluster(initialize_head=True, head_node_args={**OPTIONS, "node_ip_address": HEAD})
    try:
        other = made.add_node(**OPTIONS, node_ip_address=OTHER)
        os.environ["RAY_ADDRESS"] = made.address
        yield made, other
    finally:
        ray.shutdown()
        made.shutdown()


def score_both_ways() -> dict[str, Any]:
    """Score a table with bad rows by this process and by the cluster, and compare."""
    table = pd.read_csv(Path("data", "titanic.csv"))
    table.loc[[3, 700], "Sex"] = "dragon"
    Path("tables").mkdir()
    for name, part in (("a", table[:500]), ("b", table[500:])):
        pq.write_table(pa.Table.from_pandas(part, preserve_index=False), f"tables/{name}.parquet", row_group_size=300)
        score.main(["--input", f"tables/{name}.parquet", "--output", f"{name}.parquet", "--probabilities"])
    score.main(["--input", "tables", "--output", "scored", "--probabilities", "--ray"])
    alone = pa.concat_tables(pq.read_table(f"{name}.parquet") for name in "ab")
    bad = [Path(f"{name}.bad.ndjson").read_bytes() for name in "ab"]
    return {
        "same": pq.read_table("scored").equals(alone),
        "rows": len(alone),
        "bad": [path.read_bytes() for path in sorted(Path("scored.bad").iterdir())] == bad,
        "parts": len(list(Path("scored").iterdir())),
    }


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def start_serving(port: int) -> None:
    """Deploy what serve.yaml says, as the dashboard would."""
    config = yaml.safe_load(Path("deploy", "ray", "serve.yaml").read_text(encoding="utf-8"))
    config["http_options"] |= {"host": "127.0.0.1", "port": port}
    # The nodes of this cluster have one address, which only one of them can listen to.
    config["proxy_location"] = "HeadOnly"
    schema = ServeDeploySchema(**config)
    client = serve_start(http_options=config["http_options"], proxy_location="HeadOnly")
    client.deploy_apps(schema, _blocking=True)


class Load:
    """Clients that try once again when an answer is not what they want."""

    def __init__(self, port: int, expected: bytes) -> None:
        self.port = port
        self.expected = expected
        self.killed = threading.Event()
        self.began = threading.Barrier(CLIENTS + 1)
        self.answered = self.retried = 0
        self.lost: list[str] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        after = 0
        for count in range(100_000):
            if after == AFTER:
                return
            if count == 10:
                self.began.wait()
            after += self.killed.is_set()
            wrong = self._try() and self._try(again=True)
            with self._lock:
                self.answered += 1
                self.lost += [wrong] if wrong else []

    def _try(self, *, again: bool = False) -> str:
        with self._lock:
            self.retried += again
        try:
            status, answer = ask(self.port, "POST", "/predict", BODY)
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        return "" if (status, answer) == (200, self.expected) else f"{status} {answer[:200]!r}"


def lose_a_node(nodes: Cluster, other: Any, port: int) -> dict[str, Any]:
    """Kill a node that serves while clients ask."""
    serving: set[bytes] = set()
    while len(serving) < 2:
        serving.add(ask(port, "GET", "/node")[1])
    status, expected = ask(port, "POST", "/predict", BODY)
    load = Load(port, expected)
    clients = [threading.Thread(target=load.run, daemon=True) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    load.began.wait()
    nodes.remove_node(other, allow_graceful=False)
    load.killed.set()
    for client in clients:
        client.join()
    return {
        "status": status,
        "nodes": len(serving),
        "ready": ask(port, "GET", "/ready")[0],
        "answered": load.answered,
        "retried": load.retried,
        "lost": load.lost,
    }


def end(_number: int, _frame: object) -> None:
    raise TimeoutError(f"not done after {PATIENCE} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, end)
    signal.alarm(PATIENCE)
    port = int(sys.argv[1])
    with cluster() as (nodes, other):
        scored = score_both_ways()
        start_serving(port)
        served = lose_a_node(nodes, other, port)
    print(json.dumps({"scored": scored, "served": served}))
