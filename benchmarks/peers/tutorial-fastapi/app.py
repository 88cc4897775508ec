"""The usual tutorial: FastAPI, a pydantic model of a row, a DataFrame and a pipeline stored with joblib."""

import os

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class Row(BaseModel):
    """A passenger."""

    Pclass: int
    Sex: str
    Age: float | None = None
    SibSp: int
    Parch: int
    Fare: float | None = None
    Embarked: str | None = None


@app.post("/predict")
async def predict(rows: list[Row]) -> dict[str, list[int]]:
    """Predict a list of records."""
    frame = pd.DataFrame([row.model_dump() for row in rows])
    return {"prediction": model.predict(frame).tolist()}
