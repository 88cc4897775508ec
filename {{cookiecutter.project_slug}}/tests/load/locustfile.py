"""Many users, each asking for predictions of a typical record: `make load-test`, with KEY=… where it is asked for."""

import os
from typing import Any

from locust import HttpUser, constant, task


class Client(HttpUser):
    """Reads the signature of whatever model is served, and sends what it takes."""

    wait_time = constant(0)
    record: dict[str, Any]

    def on_start(self) -> None:
        if key := os.environ.get("KEY"):
            self.client.headers["X-API-Key"] = key
        signature = self.client.get("/model").json()["signature"]
        self.record = {feature["name"]: feature["example"] for feature in signature["features"]}

    @task(10)
    def predict_one(self) -> None:
        self.client.post("/predict", json=self.record)

    @task
    def predict_hundred(self) -> None:
        self.client.post("/predict", json=[self.record] * 100, name="/predict (100 records)")
