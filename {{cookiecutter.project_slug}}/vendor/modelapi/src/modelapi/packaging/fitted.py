"""Package a fitted model and make it the current one.

The model is a file that skops, joblib or pickle wrote from a fitted estimator, or an ONNX model. The sample is a table
with some of the rows that it was fitted on, from which the signature is read; numbers of rows, ranges and categories
are called those of the sample, unless a table of all rows of training tells them. A pickle needs ALLOW_PICKLE=1.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from modelapi.engines import ENGINES, EngineError
from modelapi.engines.frames import as_taken
from modelapi.engines.sklearn_engine import answer
from modelapi.options import Options
from modelapi.package import Manifest, PackageError
from modelapi.package.versions import check_writable
from modelapi.packaging.engine_choice import announce, package_model
from modelapi.packaging.features import read, with_free_texts
from modelapi.packaging.model_files import OnnxModel, as_it_came, load_model, read_file
from modelapi.packaging.other_version import package_there
from modelapi.packaging.outputs import output_names
from modelapi.packaging.remedies import check_kind
from modelapi.packaging.sample import Sample, name_targets, read_sample, take, with_gaps, with_plain_types
from modelapi.packaging.stored_version import other_version
from modelapi.packaging.taken_gaps import with_taken_gaps
from modelapi.settings import PackageSettings, SettingsError
from modelapi.signature import Taken
from modelapi.training.dialect import SEPARATORS, TableError
from modelapi.training.features import SignatureError, final, infer, to_columns, transforms

EXAMPLES = (
    "--model my.joblib --sample rows.csv",
    "--model my.skops --sample rows.parquet --target churned --engine onnx",
    "--model my.skops --sample rows.parquet --training all.parquet",
)
MAX_TRIED = 100  # Rows of the sample, with which it is seen what an estimator takes.


def main(arguments: Sequence[str] | None = None) -> None:
    """Package the model and make it the current one."""
    options = _options(arguments)
    try:
        settings = PackageSettings.load()
        check_writable(settings.model_dir)
        content = read_file(options.model, allow_pickle=settings.allow_pickle)
        if version := other_version(content, options.scikit_learn):
            manifest = package_there(version, content, options, settings)
        else:
            model = load_model(options.model, content)
            check_kind(model)
            manifest = package_fitted(model, read_sample(options, model), settings, options.engine)
    except (SettingsError, TableError, SignatureError, EngineError, PackageError) as error:
        sys.exit(f"Not packaged: {' '.join(str(error).splitlines())}")
    print(announce(manifest, settings))


def package_fitted(
    model: Any, given: Sample, settings: PackageSettings, engine: str | None = None, y: pd.DataFrame | None = None
) -> Manifest:
    """Make a fitted estimator the current model.

    y : what is right for the rows of the sample, of shape (n_samples, n_targets), if the table does not hold it.
    Raises TableError, SignatureError, EngineError or PackageError.
    """
    sample, X, targets, encoded, all_rows = given
    training = None if all_rows is None else take(all_rows, X.columns)
    y = sample[targets] if targets and y is None else y
    X = with_gaps(X, encoded)
    features = read(X, encoded, training)
    columns = to_columns(with_plain_types(X), features)
    takes = find_taken(model, X)
    n_outputs = count_outputs(model, as_taken(X, takes))
    if transforms(model):
        targets, seen = output_names(model, X, n_outputs), None
    else:
        targets = name_targets(sample, X, targets, n_outputs)
        seen = seen_of(targets, y, sample if all_rows is None else all_rows)
    if training is None:
        signature = infer(features, targets, model, len(X), seen_in="sample", takes=takes, table=seen)
    else:
        signature = infer(features, targets, model, len(training), takes=takes, table=seen)
    if not isinstance(model, OnnxModel):
        signature = with_taken_gaps(model, columns, signature)
    if training is None:
        signature = with_free_texts(as_it_came(model, signature), columns, signature, encoded)
    metrics = {"sample_rows": len(X)}
    known = None if training is None else to_columns(with_plain_types(training), features)
    return package_model(
        model, columns, signature, metrics=metrics, settings=settings, engine=engine, X=X, y=y, training=known
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Options("package", "Not packaged", str(__doc__), *EXAMPLES)
    parser.add_argument("--model", type=Path, help="a fitted estimator, or an ONNX model")
    parser.add_argument("--sample", type=Path, help="a table with rows that it was fitted on")
    parser.add_argument("--training", type=Path, help="a table with all the rows that it was fitted on")
    parser.add_argument("--target", default="", help="the column of the sample that it predicts, or several: a,b")
    parser.add_argument("--engine", help=f"one of {', '.join(ENGINES)} (default: the first that answers alike)")
    parser.add_argument("--scikit-learn", help="its version, or `installed` (default: that which stored the model)")
    parser.add_argument("--separator", help=f"of the tables, one of {', '.join(SEPARATORS)} (default: detected)")
    parser.add_argument("--encoding", help="of the tables, as cp1252 (default: detected)")
    parser.add_verbose()
    return parser.read(arguments, "model", "sample")


def find_taken(model: Any, frame: pd.DataFrame) -> Taken | None:
    """Find out what an estimator was fitted on; None of an ONNX model.

    It says so by feature_names_in_ if that was a DataFrame. Others, as a pipeline that begins with a vectorizer of text
    or a transformer of your own, are asked to predict: a frame first, for that has the names of the columns too.
    """
    if isinstance(model, OnnxModel):
        return None
    if hasattr(model, "feature_names_in_"):
        return "frame"
    few = frame.head(MAX_TRIED)
    ways: list[Taken] = ["frame", "series", "array", "dicts"] if frame.shape[1] == 1 else ["frame", "array", "dicts"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", "X has feature names", UserWarning)  # So scikit-learn says: no frame.
        for takes in ways:
            try:
                answer(model, as_taken(few, takes))
            except UserWarning:
                return "array"
            except Exception:  # Also of a vectorizer, which takes a frame for a list of the names of its columns.
                continue
            return takes
    return "frame"


def seen_of(targets: list[str], y: pd.DataFrame | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what was seen of the targets: what is right, if it is so for all these rows, else what they hold."""
    if y is not None and y.shape == (len(rows), len(targets)):
        return y.set_axis(list(targets), axis=1)
    return rows


def count_outputs(model: Any, X: Any) -> int:
    """Count the values that an estimator predicts for a row of X, as it was fitted on. Raises EngineError."""
    if isinstance(model, OnnxModel):
        return model.n_outputs
    if not hasattr(model, "predict") and not transforms(model):
        raise EngineError(f"a {type(final(model)).__name__} cannot predict: {_remedy(model)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of names that an estimator does not hand on to its own parts.
            return int(answer(model, X).shape[1])
    except Exception as error:
        line = f"the model cannot predict the sample: {error}".splitlines()[0]
        if "categor" in line:
            line += "; if it was fitted on a dtype that CSV files have not, as category, give the sample as Parquet"
        raise EngineError(line) from None


def _remedy(model: Any) -> str:
    if hasattr(model, "fit_predict") or hasattr(model, "fit_transform"):
        return "it only describes the rows that it is fitted on, so package an estimator with predict or transform"
    return "package a fitted estimator with predict or transform"
