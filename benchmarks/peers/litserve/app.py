"""LitServe with batching."""

import os
from typing import Any

import joblib
import litserve
import pandas as pd


class Model(litserve.LitAPI):
    """The pipeline, loaded once in each worker."""

    def setup(self, device: str) -> None:
        """Load the pipeline."""
        self.pipeline = joblib.load(os.environ["MODEL"])

    def batch(self, inputs: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        """Keep the requests apart, so that their answers can be told apart."""
        return inputs

    def predict(self, requests: list[list[dict[str, Any]]]) -> list[list[int]]:
        """Predict the records of several requests at once."""
        labels = iter(self.pipeline.predict(pd.DataFrame([row for rows in requests for row in rows])).tolist())
        return [[next(labels) for _ in rows] for rows in requests]

    def unbatch(self, output: list[list[int]]) -> list[list[int]]:
        """Give each request its labels."""
        return output


if __name__ == "__main__":
    api = Model(max_batch_size=16, batch_timeout=0.001)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", generate_client_file=False)
