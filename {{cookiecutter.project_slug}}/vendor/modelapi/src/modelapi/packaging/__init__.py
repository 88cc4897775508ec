"""Packaging: the engine of a fitted estimator, compared with it, and its files; `package` is for notebooks."""

from __future__ import annotations

from typing import Any


def package(estimator: Any, X: Any, y: Any = None, *, engine: str | None = None) -> str:
    """Make a fitted estimator the current model of the project that the working directory is in; return its version.

    X : the rows that it was fitted on, or some of them, DataFrame or array of shape (n_samples, n_features).
    y : what names the target, a Series or a DataFrame.
    Raises TableError, SignatureError, EngineError or PackageError.
    """
    import pandas as pd

    from modelapi.packaging.engine_choice import announce
    from modelapi.packaging.fitted import package_fitted
    from modelapi.packaging.remedies import check_kind
    from modelapi.packaging.sample import Sample
    from modelapi.project import current_project
    from modelapi.settings import PackageSettings
    from modelapi.training.encoders import read_encoders

    current_project().make_importable()
    check_kind(estimator)
    rows = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    if not isinstance(X, pd.DataFrame | pd.Series):
        rows.columns = [f"x{number}" for number in range(rows.shape[1])]  # As scikit-learn names them.
    names = y.columns if isinstance(y, pd.DataFrame) else [getattr(y, "name", None)]
    targets = [str(name) for name in names if name is not None]
    settings = PackageSettings.load()
    manifest = package_fitted(estimator, Sample(rows, rows, targets, read_encoders(estimator, rows)), settings, engine)
    print(announce(manifest, settings))
    return manifest.version
