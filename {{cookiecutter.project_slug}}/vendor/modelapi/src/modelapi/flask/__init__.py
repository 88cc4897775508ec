"""modelapi for Flask: `ModelApi(settings).init_app(app)`, and what a view needs to predict."""

from modelapi.flask.extension import ModelApi
from modelapi.flask.model import Model
from modelapi.flask.requests import current_model, exchange, read_options, read_records, respond
from modelapi.serving.prediction import Prediction

__all__ = [
    "Model",
    "ModelApi",
    "Prediction",
    "current_model",
    "exchange",
    "read_options",
    "read_records",
    "respond",
]
