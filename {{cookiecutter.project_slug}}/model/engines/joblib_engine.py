"""The estimator itself, stored with joblib. Loading it runs whatever code is in the file: only with ALLOW_PICKLE."""

import io

import joblib

from model.engines.sklearn_engine import SklearnEngine
from model.signature import Signature

FILE = "model.joblib"


def load(content: bytes, signature: Signature) -> SklearnEngine:
    """Read the estimator back; package.load has asked for ALLOW_PICKLE and checked the hash."""
    return SklearnEngine(joblib.load(io.BytesIO(content)), signature)
