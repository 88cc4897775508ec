"""Packaging: the engine of a fitted estimator, compared with it, and its files; `package` is for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

    from modelapi.package import Manifest
    from modelapi.settings import PackageSettings


def package(estimator: Any, X: Any, y: Any = None, *, engine: str | None = None, training: Any = None) -> str:
    """Make a fitted estimator the current model of the project that the working directory is in; return its version.

    X : the rows that it was fitted on, or some of them, DataFrame or array of shape (n_samples, n_features).
    y : what is right for these rows, of shape (n_samples,) or (n_samples, n_targets), from which the card says how good
        the model is, and the page where an answer lies; a Series or a DataFrame names the target too.
    training : all the rows that it was fitted on, which may be X itself: number of rows, ranges and categories are
        theirs then, and are called so; else they are called those of a sample.
    Raises TableError, SignatureError, EngineError or PackageError.
    """
    from modelapi.packaging.engine_choice import announce
    from modelapi.project import current_project
    from modelapi.settings import PackageSettings

    current_project().make_importable()
    settings = PackageSettings.load()
    manifest = package_live(Live(estimator, X, y, engine, training), settings)
    print(announce(manifest, settings))
    return manifest.version


class Live(NamedTuple):
    """A fitted estimator and its rows, as they are in a notebook: the arguments of `package`."""

    estimator: Any
    X: Any
    y: Any = None
    engine: str | None = None
    training: Any = None


def package_live(given: Live, settings: PackageSettings) -> Manifest:
    """Do what `package` does, with these settings, and without a word. Raises as `package` does."""
    import pandas as pd

    from modelapi.packaging.fitted import package_fitted
    from modelapi.packaging.fitted_names import feature_names
    from modelapi.packaging.remedies import check_kind
    from modelapi.packaging.sample import Sample
    from modelapi.training.dialect import TableError
    from modelapi.training.encoders import read_encoders
    from modelapi.training.reading import listing

    estimator, X, y, engine, training = given
    check_kind(estimator)
    rows = _frame(X)
    listed = [str(name) for name in rows.columns]
    if missing := [name for name in feature_names(estimator, listed) or [] if name not in listed]:
        raise TableError(
            f"X lacks the column{'s' * (len(missing) > 1)} {listing(missing)}, which the estimator was fitted on: "
            f"it has {listing(listed)}"
        )
    if y is not None and len(y) != len(rows):
        raise TableError(f"y has {len(y)} rows, and X has {len(rows)}: give those of the same rows")
    all_rows = None if training is None else _frame(training)
    names = y.columns if isinstance(y, pd.DataFrame) else [getattr(y, "name", None)]
    targets = [str(name) for name in names if name is not None]
    sample = Sample(rows, rows, targets, read_encoders(estimator, rows), all_rows)
    return package_fitted(estimator, sample, settings, engine, None if y is None else pd.DataFrame(y))


def _frame(rows: Any) -> pd.DataFrame:
    import pandas as pd

    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    if not isinstance(rows, pd.DataFrame | pd.Series):
        frame.columns = [f"x{number}" for number in range(frame.shape[1])]  # As scikit-learn names them.
    return frame
