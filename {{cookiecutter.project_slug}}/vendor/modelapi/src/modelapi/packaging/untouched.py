"""What an estimator itself says of the rows of its owner, in which nothing was changed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from modelapi.engines import EngineError, Prediction, everything
from modelapi.engines.frames import as_taken, to_frame
from modelapi.engines.sklearn_engine import SklearnEngine
from modelapi.packaging import parity
from modelapi.records.columns import Columns
from modelapi.signature import Signature


def answers(model: Any, X: pd.DataFrame, sample: Columns, signature: Signature) -> Prediction:
    """Ask an estimator about rows as it was fitted on them, and see that it says the same of what JSON makes of them.

    X : of shape (n_samples, n_features), of which the sample is parity.head. Raises EngineError that names a column.
    """
    X = X.iloc[:: parity.stride(len(X))]
    own = _ask(model, X, signature)
    read = to_frame(sample, signature.features)
    try:
        parity.compare(own, _ask(model, read, signature), signature)
    except EngineError:
        changed = X.copy()
        for name in X.columns:
            changed[name] = read[name].set_axis(X.index)
            try:
                parity.compare(own, _ask(model, changed, signature), signature)
            except EngineError:
                raise EngineError(f"{_reason(name, X[name])}: fit it on a column that is") from None
        raise
    return own


def _ask(model: Any, X: pd.DataFrame, signature: Signature) -> Prediction:
    try:
        engine = SklearnEngine(model, signature)
        with parity.alone():
            return engine.ask(as_taken(X, signature.takes), everything(signature))
    except Exception as error:
        raise EngineError(f"the estimator cannot predict the sample: {error}".splitlines()[0]) from error


def _reason(name: str, values: pd.Series[Any]) -> str:
    gaps = {"None" if value is None else "NaN" for value in values[values.isna()]}
    if len(gaps) > 1:
        return f"the estimator takes None and NaN in column {name} for two things, which are one null in JSON"
    return f"the estimator answers otherwise when column {name} comes from JSON, which has no {values.dtype}"
