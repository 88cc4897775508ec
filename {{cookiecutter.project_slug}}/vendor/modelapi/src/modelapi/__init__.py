"""A web API around a scikit-learn model, in FastAPI or Flask: all of it that its owner would never edit.

This module holds what is public whatever the framework; see also modelapi.fastapi, modelapi.flask and modelapi.train.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelapi.engines import Prediction as Prediction
    from modelapi.serving.answers import Problem as Problem
    from modelapi.serving.defaults import use_defaults as use_defaults
    from modelapi.serving.settings import Settings as Settings
    from modelapi.serving.tracing import trace_headers as trace_headers
    from modelapi.signature import Feature as Feature
    from modelapi.signature import Signature as Signature

__version__ = "1.0.0"

# Imported when they are first asked for: training needs no web, and a check of a package no arrays.
_HOMES = {
    "Prediction": "modelapi.engines",
    "Problem": "modelapi.serving.answers",
    "Settings": "modelapi.serving.settings",
    "Feature": "modelapi.signature",
    "Signature": "modelapi.signature",
    "trace_headers": "modelapi.serving.tracing",
    "use_defaults": "modelapi.serving.defaults",
}
__all__ = ["Feature", "Prediction", "Problem", "Settings", "Signature", "trace_headers", "use_defaults"]


def __getattr__(name: str) -> Any:
    """Import a public name. Raises AttributeError."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
