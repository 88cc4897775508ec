"""The estimator itself, stored with joblib. Loading it runs whatever code is in the file: only with ALLOW_PICKLE."""

import io

import joblib

from modelapi.engines.sklearn_engine import SklearnEngine, limit_threads
from modelapi.signature import Signature


def load(content: bytes, signature: Signature, threads: int | None = None) -> SklearnEngine:
    """Read the estimator back; package.load has asked for ALLOW_PICKLE and checked the hash."""
    estimator = joblib.load(io.BytesIO(content))
    limit_threads(estimator, threads)
    return SklearnEngine(estimator, signature)
