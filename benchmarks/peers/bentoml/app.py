"""BentoML with adaptive batching."""

import os
from typing import Any

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=2, logging={"access": {"enabled": False}})
class Model:
    """The pipeline, loaded once in each worker."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(os.environ["MODEL"])

    @bentoml.api(batchable=True)
    def predict(self, rows: list[dict[str, Any]]) -> list[int]:
        """Predict the records of several requests at once."""
        return self.pipeline.predict(pd.DataFrame(rows)).tolist()
