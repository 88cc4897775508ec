"""modelapi for FastAPI: `ModelApi(settings).init_app(app)`, and what a route needs to predict."""

from modelapi.fastapi.extension import ModelApi
from modelapi.fastapi.model import Model
from modelapi.fastapi.requests import CurrentModel, ModelNamed, Options, Records, current_model, exchange, respond
from modelapi.fastapi.route import ModelRoute
from modelapi.serving.prediction import Prediction

__all__ = [
    "CurrentModel",
    "Model",
    "ModelApi",
    "ModelNamed",
    "ModelRoute",
    "Options",
    "Prediction",
    "Records",
    "current_model",
    "exchange",
    "respond",
]
