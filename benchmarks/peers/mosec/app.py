"""Mosec with dynamic batching."""

import os
from typing import Any

import joblib
import mosec
import pandas as pd


class Model(mosec.Worker):
    """The pipeline, loaded once in each worker."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(os.environ["MODEL"])

    def forward(self, requests: list[list[dict[str, Any]]]) -> list[list[int]]:
        """Predict the records of several requests at once."""
        labels = iter(self.pipeline.predict(pd.DataFrame([row for rows in requests for row in rows])).tolist())
        return [[next(labels) for _ in rows] for rows in requests]


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Model, num=2, max_batch_size=16, max_wait_time=1)
    server.run()
