"""Train a model on a table and package it: all that is around a project's pipeline.

The table is CSV, JSON, Parquet, Feather or an Excel workbook, also packed with gzip or zip. Without one, it is what
pyproject.toml names under [tool.modelapi.train]; each of the options may stand there.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from modelapi.engines import ENGINES, EngineError
from modelapi.engines.cores import count_quietly
from modelapi.options import Options
from modelapi.package import Manifest, PackageError
from modelapi.package.versions import check_writable
from modelapi.packaging.card.evidence import OutOfFold
from modelapi.packaging.card.said import read_said
from modelapi.packaging.engine_choice import announce, candidates, package_model
from modelapi.packaging.wording import read_wording
from modelapi.project import current_project
from modelapi.settings import PackageSettings, SettingsError
from modelapi.signature import Signature, label_name
from modelapi.training.compare import AUTO, choose, compare
from modelapi.training.dates import ORDERS
from modelapi.training.dialect import SEPARATORS, TableError
from modelapi.training.evaluate import MEASURE, as_y, count_folds, evaluate
from modelapi.training.features import SignatureError, infer
from modelapi.training.leaks import find_leaks
from modelapi.training.notations import DECIMALS
from modelapi.training.reading import listing
from modelapi.training.report import print_comparison, print_gaps, print_metrics, progress
from modelapi.training.rows import read_rows
from modelapi.training.targets import TASKS, Task
from modelapi.training.texts import text_columns
from modelapi.training.trial import without_idle_texts

__all__ = ["Task", "text_columns", "train"]

OPTIONS = {
    "data": "a table with a header line: CSV, JSON, Parquet, Feather or .xlsx, also packed with gzip or zip",
    "target": "the column to predict, or several: a,b",
    "features": "the columns to predict from: a,b,c (default: all that look useful)",
    "drop": "columns not to predict from: a,b,c",
    "task": f"one of {', '.join(TASKS)} (default: as the target says)",
    "estimator": "one of {estimators}, or auto to compare them (default: as build_pipeline has it)",
    "engine": f"one of {', '.join(ENGINES)} (default: the first that answers as the estimator does)",
    "separator": f"one of {', '.join(SEPARATORS)} (default: detected)",
    "encoding": "any of Python's encodings, as cp1252 (default: detected)",
    "missing": "what is a gap besides empty cells: '?,-' (default: what people write; empty: nothing else)",
    "decimal": f"one of {', '.join(DECIMALS)}, of numbers with decimals (default: as the numbers say)",
    "dates": f"one of {', '.join(ORDERS)} (default: as the dates say)",
    "names": "the names of the columns where there is no header line: a,b,c",
}
EXAMPLES = ("", "--data churn.csv --target churned", "--data churn.csv --target churned --drop id,notes --engine onnx")

# Here, for who only imports build_pipeline fits it too, as tests do.
count_quietly()


def train(
    build_pipeline: Callable[..., Any], *, estimators: Collection[str] = (), arguments: Sequence[str] | None = None
) -> None:
    """Cross-validate a pipeline, fit it on all rows and make it the current model, or exit with one line.

    build_pipeline : called as build_pipeline(X, task), with `estimator` by name if there is such an option; returns an
        unfitted scikit-learn estimator. X is the DataFrame of the features, of shape (n_samples, n_features).
    estimators : the names that may be given as ESTIMATOR.
    arguments : the options, by default those of the command line.
    """
    options = _options(estimators, arguments)
    try:
        settings = PackageSettings.load()
        manifest = _train(build_pipeline, estimators, options, settings)
    except (SettingsError, TableError, SignatureError, EngineError, PackageError) as error:
        sys.exit(f"Not trained: {' '.join(str(error).splitlines())}")
    print(announce(manifest, settings))


def _train(
    build_pipeline: Callable[..., Any],
    estimators: Collection[str],
    options: argparse.Namespace,
    settings: PackageSettings,
) -> Manifest:
    if not options.data:
        raise TableError("no table is named: name one, as in DATA=churn.csv")
    if not options.target:
        raise TableError("no target is named: name the column to predict, as in TARGET=churned")
    known = [*estimators, *([AUTO] if estimators and AUTO not in estimators else [])]
    if options.estimator and options.estimator not in known:
        raise TableError(f"there is no estimator {options.estimator}: name one of {', '.join(known) or 'none'}")
    check_writable(settings.model_dir)
    # Before anything is fitted, say that there is no such engine, and what pyproject.toml cannot say.
    candidates(options.engine, settings)
    read_said(settings.project, "")
    rows = read_rows(options)
    read_wording(settings.project, list(rows.y.columns))
    compares = options.estimator == AUTO and AUTO not in estimators
    name = None if compares else options.estimator

    def make(X: pd.DataFrame, name: str | None = name) -> Any:
        chosen = {"estimator": name} if name else {}
        return _for_targets(build_pipeline(X, rows.task, **chosen), rows.task, rows.y.shape[1])

    X, y, task, features, columns, _ = without_idle_texts(rows, make)
    if compares:
        name = _choose({one: partial(make, X, one) for one in estimators}, X, y, task)
    pipeline = make(X, name)
    with warnings.catch_warnings(), progress(count_folds(y, task) + 1) as advance:
        warnings.simplefilter("ignore")  # Of folds without a class, and of solvers that stop early.
        pipeline.fit(X, as_y(y))
        advance()
        signature = infer(features, list(y.columns), pipeline, len(X), takes="frame", table=y)
        out_of_fold = OutOfFold(columns, y, signature)
        metrics = evaluate(pipeline, X, y, task, advance, out_of_fold.add)
    print(f"Task {signature.task}: predicts {_targets(signature)}")
    print(f"from {listing([feature.name or repr(feature.name) for feature in features])}")
    print_gaps(pipeline, X)
    print_metrics(metrics)
    for line in find_leaks(X, y, task):
        print(line)
    if not name and len(estimators) > 1:
        print("ESTIMATOR=auto compares this with the other estimators of build_pipeline")
    return package_model(
        pipeline,
        columns,
        signature,
        metrics=metrics,
        settings=settings,
        engine=options.engine,
        evidence=out_of_fold.evidence(),
    )


def _choose(pipelines: Mapping[str, Callable[[], Any]], X: Any, y: Any, task: Task) -> str:
    """Compare what the estimators make of the table, show it, and name the one to take. Raises EngineError."""
    with warnings.catch_warnings(), progress(len(pipelines) * count_folds(y, task)) as advance:
        warnings.simplefilter("ignore")
        scores = compare(pipelines, X, y, task, advance)
    if not any(score.metrics for score in scores.values()):
        raise EngineError("none of the estimators can be fitted: train one of them by its name to see why")
    chosen = choose(scores)
    print_comparison(MEASURE[task], scores, chosen)
    return chosen


def _for_targets(pipeline: Any, task: Task, n_targets: int) -> Any:
    """Let an estimator that predicts one target be fitted for each of several, and what is before it be as it is.

    Raises EngineError if it is no estimator.
    """
    if not hasattr(pipeline, "fit"):
        raise EngineError(f"build_pipeline returned a {type(pipeline).__name__}: let it return a scikit-learn pipeline")
    last = pipeline.steps[-1][1] if isinstance(pipeline, Pipeline) else pipeline
    if n_targets == 1 or get_tags(last).target_tags.multi_output:
        return pipeline
    wrapped = (MultiOutputClassifier if task == "classification" else MultiOutputRegressor)(last)
    return pipeline.set_params(**{pipeline.steps[-1][0]: wrapped}) if isinstance(pipeline, Pipeline) else wrapped


def _targets(signature: Signature) -> str:
    labels = [[label_name(label) for label in target.classes or ["a number"]] for target in signature.targets]
    return ", ".join(f"{target.name} ({listing(own)})" for target, own in zip(signature.targets, labels, strict=True))


def _options(estimators: Collection[str], arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Options("train", "Not trained", str(__doc__), *EXAMPLES)
    for name, text in OPTIONS.items():
        parser.add_argument(f"--{name}", help=text.format(estimators=", ".join(estimators)))
    parser.add_verbose()
    options = parser.read(arguments)
    project = current_project()
    defaults = project.options.get("train", {})
    if options.data is None and "data" in defaults:
        chosen = options.target or options.drop or options.features
        own = set(OPTIONS) - ({"features", "drop"} if chosen else set())
        for name in own:
            if getattr(options, name) is None:
                setattr(options, name, defaults.get(name))
        options.data = project.root / defaults["data"]
    return options
