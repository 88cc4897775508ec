"""Many users, each asking for predictions of records drawn by chance: `make load-test`.

KEY=… is sent where a key is asked for. The test fails if more than ERRORS=0.01 of the requests do or, with P95=50, if
one answer in twenty takes longer, in ms.
"""

import os

from locust import HttpUser, constant, events, task
from locust.env import Environment
from modelapi.records.drawing import draw
from modelapi.signature import Signature


class Client(HttpUser):
    """Reads the signature of whatever model is served, and sends what it takes."""

    wait_time = constant(0)
    signature: Signature

    def on_start(self) -> None:
        if key := os.environ.get("KEY"):
            self.client.headers["X-API-Key"] = key
        self.signature = Signature.model_validate(self.client.get("/model").json()["signature"])

    @task(10)
    def predict_one(self) -> None:
        self.client.post("/predict", json=draw(self.signature))

    @task
    def predict_hundred(self) -> None:
        records = [draw(self.signature) for _ in range(100)]
        self.client.post("/predict", json=records, name="/predict (100 records)")


@events.quitting.add_listener
def judge(environment: Environment, **_: object) -> None:
    """Fail if there were no answers, too many errors, or if they took too long."""
    total = environment.stats.total
    p95, slowest = total.get_response_time_percentile(0.95), float(os.environ.get("P95") or "inf")
    is_good = total.num_requests and total.fail_ratio <= float(os.environ.get("ERRORS") or 0) and p95 <= slowest
    print(f"{'Passed' if is_good else 'Failed'}: 95 % of answers within {p95} ms, {total.fail_ratio:.2%} errors")
    environment.process_exit_code = 0 if is_good else 1
