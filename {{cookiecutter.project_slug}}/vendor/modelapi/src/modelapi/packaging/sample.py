"""The sample that a fitted model is packaged with: which of its columns the model takes, and what it predicts."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pandas.api import types

from modelapi.packaging.fitted_names import count_features, feature_names
from modelapi.training.dialect import TableError
from modelapi.training.encoders import Encoded, read_encoders, reads_texts
from modelapi.training.reading import listing, read_exact
from modelapi.training.targets import find
from modelapi.training.texts import is_text, string_columns

MIN_ROWS = 2
UNNAMED = "Unnamed: 0"


class Sample(NamedTuple):
    """The whole table, its columns that the model takes and those that are told to be targets, and what is known.

    training : all rows that it was fitted on, with those columns and whatever others, if these are given.
    """

    table: pd.DataFrame
    X: pd.DataFrame
    targets: list[str]
    encoded: dict[str, Encoded]
    training: pd.DataFrame | None = None


def read_sample(options: argparse.Namespace, model: Any) -> Sample:
    """Read the sample, and the rows of training if there are any; columns that encoders know as text stay text.

    Raises TableError.
    """
    sample = _read(options, model, {})
    text = {name: known.texts() for name, known in sample.encoded.items() if known.holds_texts}
    if any(types.is_numeric_dtype(sample.X[name]) or (sample.X[name].isna().any() and text[name]) for name in text):
        sample = _read(options, model, text)
    if options.training is None:
        return sample
    return sample._replace(training=_table(options.training, options, text))


def take(training: pd.DataFrame, names: Sequence[str] | pd.Index[str]) -> pd.DataFrame:
    """Take the columns of the sample of all rows of training. Raises TableError."""
    if missing := [name for name in names if name not in training.columns]:
        raise TableError(f"the table of all training rows has no column {listing(missing)}: the model takes it")
    return training[[*names]]


def _read(options: argparse.Namespace, model: Any, text: Mapping[str, Collection[str]]) -> Sample:
    path = options.sample
    table = _table(path, options, text)
    if len(table) < MIN_ROWS:
        raise TableError(f"{path} has a single row: give {MIN_ROWS} or more that the model was fitted on")
    targets = find(options.target, table) if options.target else []
    X = select(table, model, targets)
    return Sample(table, X, targets, read_encoders(model, X))


def _table(path: Path, options: argparse.Namespace, text: Mapping[str, Collection[str]]) -> pd.DataFrame:
    table = read_exact(path, options.separator, options.encoding, text)
    # An index: pandas gives it a name, by which a model may know it.
    return table.rename(columns={"": UNNAMED}) if table.columns[0] == "" else table


def with_gaps(X: pd.DataFrame, encoded: Mapping[str, Encoded]) -> pd.DataFrame:
    """Write what is missing in a column of objects as the model knows it, for files tell None and NaN not apart.

    Raises TableError if the model knows both.
    """
    X = X.copy(deep=False)
    for name, known in encoded.items():
        if len(known.gaps) > 1:
            raise TableError(
                f"the encoder of column {name} knows None and NaN as two categories, and both are null in JSON: "
                "fit it on a column with one of them"
            )
        if known.gaps == {"none"}:
            X[name] = X[name].astype(object).where(X[name].notna(), None)
        elif known.gaps and X[name].dtype == object:
            X[name] = X[name].where(X[name].notna(), float("nan"))
    return X


def with_plain_types(X: pd.DataFrame) -> pd.DataFrame:
    """Give columns of Arrow's types those of NumPy, which need no pyarrow where the model is served."""
    X = X.copy(deep=False)
    for name in X.columns:
        if isinstance(X[name].dtype, pd.ArrowDtype):
            X[name] = X[name].astype(object).where(X[name].notna(), float("nan")).infer_objects()
    return X


def select(sample: pd.DataFrame, model: Any, targets: Sequence[str]) -> pd.DataFrame:
    """Take the columns of the sample that the model was fitted on. Raises TableError."""
    names = feature_names(model, list(sample.columns))
    listed = ", ".join(sample.columns)
    missing = [name for name in names or [] if name not in sample.columns]
    if missing:
        raise TableError(f"the sample has no column {', '.join(missing)}: it has {listed}")
    if names is None:
        names = [name for name in sample.columns if name not in targets]
        if names[:1] == [UNNAMED]:
            print("Left out the first column of the sample: it has no name, as the index of a table saved with it")
            names = names[1:]
        if reads_texts(model):
            names = [_text_column(sample[names])]
        wanted = count_features(model)
        if wanted not in (None, len(names)):
            raise TableError(
                f"the model was fitted on {wanted} columns, but the sample has {len(names)} besides the target: "
                f"name the target with TARGET=, and leave out what is no feature ({listed})"
            )
    return sample[names]


def _text_column(X: pd.DataFrame) -> str:
    """Name the column of text, of several the one that is written freely. Raises TableError."""
    strings = string_columns(X)
    texts = [name for name in strings if is_text(X[name])]
    if len(texts or strings) != 1:
        raise TableError(
            f"the model takes a single column of text, but the sample has {', '.join(texts or strings) or 'none'}: "
            "leave the others out"
        )
    return str((texts or strings)[0])


def name_targets(sample: pd.DataFrame, X: pd.DataFrame, targets: Sequence[str], n_outputs: int) -> list[str]:
    """Name what the model predicts: as told, or as the columns that are left over, or just so. Raises TableError."""
    if targets and len(targets) != n_outputs:
        raise TableError(f"the model predicts {n_outputs} values a row, but TARGET names {len(targets)}: name them all")
    left_over = [name for name in sample.columns if name not in X.columns]
    if targets or len(left_over) == n_outputs:
        return list(targets or left_over)
    return ["target"] if n_outputs == 1 else [f"target_{number}" for number in range(n_outputs)]
