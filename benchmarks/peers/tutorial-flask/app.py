"""The usual tutorial: Flask, a DataFrame and a pipeline stored with joblib."""

import os

import joblib
import pandas as pd
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
model = joblib.load(os.environ["MODEL"])


@app.post("/predict")
def predict() -> Response:
    """Predict a list of records."""
    rows = pd.DataFrame(request.get_json())
    return jsonify({"prediction": model.predict(rows).tolist()})
