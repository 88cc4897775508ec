"""The rows to learn from: which of a table's columns are features, which targets, and of which types."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from modelapi.engines.frames import to_frame
from modelapi.records.columns import Columns
from modelapi.signature import Feature
from modelapi.training.choose import describe, read_columns, without_useless
from modelapi.training.dialect import TableError
from modelapi.training.features import to_columns
from modelapi.training.reading import read_table
from modelapi.training.targets import Task, as_fitted, find, read_task, with_targets, without_rare


class Rows(NamedTuple):
    """What a pipeline is fitted on, X of shape (n_samples, n_features) and y of shape (n_samples, n_targets)."""

    X: pd.DataFrame
    y: pd.DataFrame
    task: Task
    features: list[Feature]
    columns: Columns


def read_rows(options: argparse.Namespace) -> Rows:
    """Read the table, and say what is left out of it and why. Raises TableError or SignatureError.

    options : data, target, features, drop, task, separator and encoding.
    """
    if options.features and options.drop:
        raise TableError("FEATURES and DROP are both given: name the columns to keep or those to leave out")
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
    # The pipeline may impute, so a gap is a gap also where only rows without a target have it.
    features = describe(X, formats, gaps=[name for name in X.columns if table[name].isna().any()])
    columns = to_columns(X, features)
    return Rows(to_frame(columns, features), as_fitted(known[targets], task), task, features, columns)
