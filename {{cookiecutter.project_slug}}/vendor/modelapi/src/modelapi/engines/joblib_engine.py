"""The estimator itself, stored with joblib. Loading it runs whatever code is in the file: only with ALLOW_PICKLE."""

import io

import joblib

from modelapi.engines import EngineError
from modelapi.engines.sklearn_engine import SklearnEngine, limit_threads
from modelapi.engines.trust import absent
from modelapi.signature import Signature


def load(content: bytes, signature: Signature, threads: int | None = None) -> SklearnEngine:
    """Read the estimator back; package.load has asked for ALLOW_PICKLE and checked the hash. Raises EngineError."""
    try:
        estimator = joblib.load(io.BytesIO(content))
    except ModuleNotFoundError as error:
        raise EngineError(absent(str(error.name))) from error
    limit_threads(estimator, threads)
    return SklearnEngine(estimator, signature)
