"""What a transformer makes of a row: the names of its columns, and how many there may be."""

from __future__ import annotations

from typing import Any

import pandas as pd

from modelapi.engines import EngineError
from modelapi.training.features import final

MAX_OUTPUTS = 1_000


def output_names(model: Any, X: pd.DataFrame, n_outputs: int) -> list[str]:
    """Name the columns that a transformer makes of the columns of X. Raises EngineError if they are too many."""
    if n_outputs > MAX_OUTPUTS:
        raise EngineError(f"the model makes {n_outputs} columns of a row, of at most {MAX_OUTPUTS}: let it select some")
    for features in (list(X.columns), None):  # Those of X, where it was fitted on an array.
        try:
            names = [str(name) for name in model.get_feature_names_out(features)]
        except Exception:  # It has no names for its columns, or cannot say them.
            continue
        if len(names) == len(set(names)) == n_outputs:
            return names
    prefix = type(final(model)).__name__.lower()
    return [f"{prefix}{number}" for number in range(n_outputs)]
