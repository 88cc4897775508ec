"""Many users, each asking for predictions of records drawn by chance: `make load-test`.

KEY=… is sent where a key is asked for. The test fails if more than ERRORS of the requests do, which is 0 unless it is
said, or, with P95=50, if one answer in twenty takes longer, in ms.
"""

import json
import math
import os
import sys
from typing import ClassVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from locust import HttpUser, constant, events, task
from locust.env import Environment
from modelapi.records.drawing import draw
from modelapi.signature import Signature


def limit(name: str, default: float) -> float:
    """Read what the test is judged by, or end with a sentence that says what it must be."""
    try:
        value = float(os.environ.get(name) or default)
    except ValueError:
        value = math.nan
    if not value >= 0:
        sys.exit(f"{name} must be a number from 0 on, as P95=50 or ERRORS=0.01")
    return value


P95, ERRORS = limit("P95", math.inf), limit("ERRORS", 0)
KEY = {"X-API-Key": key} if (key := os.environ.get("KEY")) else {}


class Client(HttpUser):
    """Sends what the model takes, whichever is served."""

    wait_time = constant(0)
    signature: ClassVar[Signature]

    def on_start(self) -> None:
        self.client.headers.update(KEY)

    @task(10)
    def predict_one(self) -> None:
        self.client.post("/predict", json=draw(self.signature))

    @task
    def predict_hundred(self) -> None:
        records = [draw(self.signature) for _ in range(100)]
        self.client.post("/predict", json=records, name="/predict (100 records)")


@events.init.add_listener
def look(environment: Environment, **_: object) -> None:
    """Read the signature of the model that is served, or end with a sentence that says why not."""
    host, options = environment.host, environment.parsed_options
    if options and options.num_users is not None and options.num_users < 1:
        sys.exit(f"USERS is {options.num_users}: it must be 1 or more")
    try:
        with urlopen(Request(f"{host}/model", headers=KEY), timeout=60) as answer:
            Client.signature = Signature.model_validate(json.load(answer)["signature"])
    except HTTPError as error:
        asks = f"{'does not know this key' if KEY else 'asks for a key'}: KEY=…"
        sys.exit(f"The API at {host} {asks if error.code == 401 else f'answers {error.code} to GET /model'}")
    except (OSError, ValueError, KeyError):
        sys.exit(f"No API answers at {host}: make start, or another PORT=…")


@events.quitting.add_listener
def judge(environment: Environment, **_: object) -> None:
    """Fail if there were no answers, too many errors, or if they took too long."""
    total = environment.stats.total
    p95 = total.get_response_time_percentile(0.95)
    is_good = total.num_requests and total.fail_ratio <= ERRORS and p95 <= P95
    print(f"{'Passed' if is_good else 'Failed'}: 95 % of answers within {p95} ms, {total.fail_ratio:.2%} errors")
    environment.process_exit_code = 0 if is_good else 1
