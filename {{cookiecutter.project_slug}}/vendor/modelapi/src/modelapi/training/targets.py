"""What is predicted: the target columns of a table, and whether they are labels or quantities."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types

from modelapi.options import split_names
from modelapi.training.dialect import TableError
from modelapi.training.reading import listing, plain

Task = Literal["classification", "regression"]
"""What a pipeline is to learn: labels or quantities."""

TASKS = ("binary", "multiclass", "regression", "multi-output")
MIN_ROWS = 10
MAX_LOST = 0.1  # Share of the rows that are left out without a warning.
MAX_CLASSES = 20  # A whole-number target of more values than this is a quantity, not a label,
MIN_ROWS_A_CLASS = 5  # and so is one that has fewer rows for each value, a value once, or more gaps than values.


def find(text: str | Sequence[str], table: pd.DataFrame) -> list[str]:
    """List the columns of a table that a text names: a,b,"c,d". Raises TableError that suggests the nearest name."""
    if isinstance(text, str):
        text = [text] if text in table.columns else split_names(text)
    bare = {column.strip(): column for column in table.columns}
    names = [name if name in table.columns else bare.get(name.strip(), name.strip()) for name in text]
    for name in names:
        if name not in table.columns:
            folded = {column.casefold(): column for column in table.columns}
            near = difflib.get_close_matches(name.casefold(), folded, 1)
            hint = f"did you mean {folded[near[0]]}?" if near else f"the columns are {listing(table.columns)}"
            raise TableError(f"there is no column {name}: {hint}")
    return list(dict.fromkeys(names))


def with_targets(table: pd.DataFrame, targets: list[str]) -> pd.DataFrame:
    """Leave out the rows without a target. Raises TableError if too few are left."""
    for name in targets:
        if any(isinstance(value, list | dict | np.ndarray) for value in table[name]):
            raise TableError(f"the target {name} holds lists or objects: a target is a single value of each row")
    known = table.dropna(subset=targets)
    names = ", ".join(targets)
    if count := len(table) - len(known):
        print(f"Left out {count} row{'s' * (count > 1)} without a value for {names}")
    if count > MAX_LOST * len(table):
        share = f"{100 * count / len(table):.0f} %"
        print(f"Warning: that is {share} of the rows. If a mark such as NA is a value of {names}, say what is a gap by")
        print("MISSING, as in MISSING=empty for empty cells alone; else fill the gaps, or do not trust the scores")
    if len(known) < MIN_ROWS:
        raise TableError(f"{len(known)} rows have a value for {names}: {MIN_ROWS} or more are needed")
    for name in targets:
        if known[name].nunique() < 2:
            raise TableError(f"{name} has the same value in every row: there is nothing to predict")
    return known


def without_rare(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Leave out the rows of labels that occur once, which cannot be both learnt and tested. Raises TableError."""
    counts = table[target].value_counts()
    once = counts.index[counts == 1]
    if len(once) > 0.1 * len(table):
        raise TableError(f"{target} has {len(counts)} different values in {len(table)} rows: too many to be classes")
    if len(counts) - len(once) < 2:
        raise TableError(f"{target} has a single class of more than one row: two of two rows or more are needed")
    for label in once:
        print(f"Left out the only row with {target} {label}: a class needs two rows or more")
    return table[~table[target].isin(once)]


def read_task(y: pd.DataFrame, task: str | None) -> Task:
    """Name the task of targets, DataFrame of shape (n_samples, n_targets), or check the one that was asked for.

    Raises TableError if the targets do not fit, or not each other.
    """
    if task not in (None, *TASKS):
        raise TableError(f"there is no task {task}: name one of {', '.join(TASKS)}")
    if task == "multi-output" and y.shape[1] == 1:
        raise TableError(f"TASK={task} needs several targets: name them as in TARGET=a,b")
    numbers = [name for name in y.columns if types.is_numeric_dtype(y[name]) and not types.is_bool_dtype(y[name])]
    for name in y.columns:
        values, count = y[name], y[name].nunique()
        if not types.is_numeric_dtype(values) and values.dtype != "string":
            raise TableError(f"the target {name} is neither numbers nor text: make it one of them")
        if task == "regression" and name not in numbers:
            raise TableError(f"TASK=regression needs numbers, but {name} holds labels: leave TASK out")
        if task in ("binary", "multiclass") and name in numbers and not _is_whole(values):
            raise TableError(f"TASK={task} needs labels, but {name} holds fractions: take TASK=regression")
        if (task == "binary" and count != 2) or (task == "multiclass" and count == 2):
            raise TableError(f"TASK={task} does not fit {name}, which has {count} values: leave TASK out")
    if task in ("binary", "multiclass", "regression"):
        return "regression" if task == "regression" else "classification"
    if all(is_label(y[name]) for name in y.columns):
        if len({y[name].dtype.kind if types.is_bool_dtype(y[name]) else name in numbers for name in y.columns}) > 1:
            raise TableError(f"the targets {', '.join(y.columns)} hold labels of several types: train a model for each")
        return "classification"
    if len(numbers) < y.shape[1]:
        raise TableError(f"the targets {', '.join(y.columns)} are labels and quantities: train a model for each")
    return "regression"


def is_label(values: pd.Series[Any]) -> bool:
    """Tell whether a target holds labels: text, booleans, or few whole numbers."""
    if types.is_bool_dtype(values) or not types.is_numeric_dtype(values):
        return True
    counts = values.value_counts()
    few = len(counts) <= min(MAX_CLASSES, len(values) / MIN_ROWS_A_CLASS) and counts.min() > 1
    dense = values.max() - values.min() < 2 * len(counts)
    return _is_whole(values) and (len(counts) == 2 or bool(few and dense))


def as_fitted(y: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Give targets the dtypes that an estimator is fitted on: labels that are numbers become integers."""
    if task == "regression":
        return y.astype("float64")
    whole = {name: "int64" for name in y.columns if types.is_float_dtype(y[name])}
    return y.astype(whole).apply(plain)


def _is_whole(values: pd.Series[Any]) -> bool:
    return types.is_integer_dtype(values) or bool((values % 1 == 0).all())
