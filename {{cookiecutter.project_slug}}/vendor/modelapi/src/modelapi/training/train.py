"""Train a model on a table and package it: `make train DATA=churn.csv TARGET=churned`.

The table is CSV or Parquet, also packed with gzip. Without a table it trains what pyproject.toml names
under [tool.train].
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelapi.settings import PROJECT, ROOT, Settings, SettingsError, load_settings
from modelapi.engines import ENGINES, EngineError
from modelapi.engines.frames import to_frame
from modelapi.package import Manifest, PackageError
from modelapi.signature import Signature, label_name
from modelapi.training.choose import describe, read_columns, without_useless
from modelapi.training.dialect import SEPARATORS, TableError
from steps.estimators import ESTIMATORS, build_pipeline, find_estimator
from modelapi.training.evaluate import as_y, count_folds, evaluate, progress
from modelapi.training.features import SignatureError, infer, to_columns
from modelapi.packaging.engine_choice import announce, candidates, package_model
from modelapi.training.reading import listing, read_table
from modelapi.training.targets import TASKS, as_fitted, find, read_task, with_targets, without_rare

OPTIONS = {
    "data": "a table with a header line: CSV or Parquet, also packed with gzip",
    "target": "the column to predict, or several: a,b",
    "features": "the columns to predict from: a,b,c (default: all that look useful)",
    "drop": "columns not to predict from: a,b,c",
    "task": f"one of {', '.join(TASKS)} (default: as the target says)",
    "estimator": f"one of {', '.join(ESTIMATORS)} (default: linear)",
    "engine": f"one of {', '.join(ENGINES)} (default: the first that answers as the estimator does)",
    "separator": f"one of {', '.join(SEPARATORS)} (default: detected)",
    "encoding": "any of Python's encodings, as cp1252 (default: detected)",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print what was found and how good the model is, and make it the current one."""
    options = _options(arguments)
    try:
        settings = load_settings()
        manifest = train(options, settings)
    except (SettingsError, TableError, SignatureError, EngineError, PackageError) as error:
        sys.exit(f"Not trained: {error}")
    print(announce(manifest, settings))


def train(options: argparse.Namespace, settings: Settings) -> Manifest:
    """Cross-validate a pipeline, fit it on all rows and package it. Raises an error of one line."""
    if not options.target:
        raise TableError("no target is named: name the column to predict, as in TARGET=churned")
    if options.features and options.drop:
        raise TableError("FEATURES and DROP are both given: name the columns to keep or those to leave out")
    kind = find_estimator(options.estimator)
    candidates(options.engine, settings)  # Before anything is fitted, say that there is no such engine.
    table, how = read_table(Path(options.data), options.separator, options.encoding)
    print(f"Read {len(table)} rows and {table.shape[1]} columns of {Path(options.data).name}, {how}")
    targets = find(options.target, table)
    known = with_targets(table, targets)
    if len(known) < len(table):
        count = len(table) - len(known)
        print(f"Left out {count} row{'s' * (count > 1)} without a value for {', '.join(targets)}")
    task = read_task(read_columns(known, targets)[0], options.task)
    for name in targets if task == "classification" else []:
        known = without_rare(known, name)
    known = known.reset_index(drop=True)

    named = find(options.features, table) if options.features else []
    dropped = find(options.drop, table) if options.drop else []
    if both := [name for name in targets if name in named]:
        raise TableError(f"the target {both[0]} cannot be a feature too: leave it out of FEATURES")
    X, formats = read_columns(known, named or [name for name in table.columns if name not in (*targets, *dropped)])
    if not named:
        X = without_useless(X, known[targets])
    # The pipeline imputes, so a gap is a gap also where only rows without a target have it.
    features = describe(X, formats, gaps=[name for name in X.columns if table[name].isna().any()])
    columns = to_columns(X, features)
    frame, y = to_frame(columns, features), as_fitted(known[targets], task)

    pipeline = build_pipeline(frame, kind, task, len(targets))
    with warnings.catch_warnings(), progress(count_folds(y, task) + 1) as advance:
        warnings.simplefilter("ignore")  # Of folds without a class, and of solvers that stop early.
        metrics = evaluate(pipeline, frame, y, task, advance)
        pipeline.fit(frame, as_y(y))
    signature = infer(features, targets, pipeline, len(X))
    print(f"Task {signature.task}: predicts {_targets(signature)}")
    print(f"from {listing([name or repr(name) for name in X.columns])}")
    print_metrics(metrics)
    return package_model(pipeline, columns, signature, metrics=metrics, settings=settings, engine=options.engine)


def print_metrics(metrics: dict[str, Any]) -> None:
    """Print the scores of the model and of the baseline side by side."""
    title = f"in {metrics['folds']}-fold cross-validation"
    print(f"\n  {title:<27} {'model':>20} {'baseline':>10}")
    for name in [name for name in metrics if f"baseline_{name}" in metrics]:
        model = f"{metrics[name]:.4g} ± {metrics[f'{name}_std']:.2g}"
        print(f"  {name.replace('_', ' '):<27} {model:>20} {metrics[f'baseline_{name}']:>10.4g}")
    print()


def _targets(signature: Signature) -> str:
    labels = [[label_name(label) for label in target.classes or ["a number"]] for target in signature.targets]
    return ", ".join(f"{target.name} ({listing(own)})" for target, own in zip(signature.targets, labels, strict=True))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m modelapi.training.train", description=__doc__)
    for name, text in OPTIONS.items():
        parser.add_argument(f"--{name}", help=text)
    options = parser.parse_args(arguments)
    if options.data is None:
        defaults = dict(PROJECT["tool"]["train"])
        if options.target or options.drop:
            defaults.pop("features", None)
        for name, value in defaults.items():
            setattr(options, name, getattr(options, name) or value)
        options.data = ROOT / defaults["data"]
    return options


if __name__ == "__main__":
    main()
