"""Package a fitted estimator: `make package MODEL=my.skops SAMPLE=rows.csv TARGET=y`.

The estimator is a file that `skops.io.dump` wrote; it is loaded without running code. The sample is a
CSV file with the columns the estimator was fitted on, from which the signature is read.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, is_classifier, is_regressor

from api.settings import PROJECT, SettingsError, load_settings
from model import package
from model.engines import EngineError, sklearn_engine
from model.signature import SignatureError, infer
from steps.tables import TableError, read_csv, select


def main(arguments: Sequence[str] | None = None) -> None:
    """Package the estimator and make it the current model."""
    parser = argparse.ArgumentParser(prog="python -m steps.package", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a fitted estimator, stored with skops")
    parser.add_argument("--sample", type=Path, required=True, help="a CSV file with rows it was fitted on")
    parser.add_argument("--target", required=True, help="the column of the sample that it predicts")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        estimator = read_estimator(options.model)
        names = getattr(estimator, "feature_names_in_", None)
        X, y = select(read_csv(options.sample), options.target, None if names is None else names.tolist())
        signature = infer(X, y, estimator)
        manifest = package.save(
            settings.model_dir,
            name=PROJECT["project"]["name"],
            engine="sklearn",
            estimator=estimator,
            signature=signature,
            metrics={},
        )
    except (SettingsError, TableError, SignatureError, EngineError) as error:
        sys.exit(f"Not packaged: {error}")
    print(f"Packaged as version {manifest.version}, for the engine {manifest.engine}; it is the current one now")


def read_estimator(path: Path) -> Any:
    """Load an estimator that skops stored. Raises EngineError with one line."""
    try:
        estimator = sklearn_engine.read(path)
    except EngineError:
        raise
    except OSError as error:
        raise EngineError(
            f"{path} cannot be read ({error.strerror or error}): name a file that skops.io.dump wrote"
        ) from None
    except Exception:
        raise EngineError(f"{path} is not a file that skops.io.dump wrote: store the estimator with skops") from None
    if not (isinstance(estimator, BaseEstimator) and (is_classifier(estimator) or is_regressor(estimator))):
        kind = type(estimator).__name__
        raise EngineError(f"{path} holds a {kind}: package a fitted scikit-learn classifier or regressor")
    return estimator


if __name__ == "__main__":
    main()
