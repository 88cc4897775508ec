"""The rows to learn from: which of a table's columns are features, which targets, and of which types."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from modelapi.engines.frames import to_frame
from modelapi.options import split_names
from modelapi.records.columns import Columns
from modelapi.signature import Feature
from modelapi.training.choose import NOTHING_LEFT, describe, refuse_infinity, without_useless
from modelapi.training.dates import ORDERS
from modelapi.training.dialect import TableError
from modelapi.training.features import to_columns
from modelapi.training.kinds import Hints
from modelapi.training.notations import DECIMALS
from modelapi.training.reading import read_table
from modelapi.training.report import print_reading
from modelapi.training.targets import Task, as_fitted, find, read_task, with_targets, without_rare
from modelapi.training.texts import undecided_texts
from modelapi.training.values import read_values

EMPTY = "empty"  # What MISSING calls an empty cell, which is a gap anyway.


class Rows(NamedTuple):
    """What a pipeline is fitted on, X of shape (n_samples, n_features) and y of shape (n_samples, n_targets)."""

    X: pd.DataFrame
    y: pd.DataFrame
    task: Task
    features: list[Feature]
    columns: Columns
    tried: list[str]
    """The columns of text that are features only if a model is better with them."""

    def without(self, names: Collection[str]) -> Rows:
        """Leave out columns of text. Raises TableError if there are no others."""
        features = [feature for feature in self.features if feature.name not in names]
        if not features:
            raise TableError(NOTHING_LEFT)
        columns = {feature.name: self.columns[feature.name] for feature in features}
        return self._replace(X=self.X.drop(columns=[*names]), features=features, columns=columns, tried=[])


def read_rows(options: argparse.Namespace) -> Rows:
    """Read the table, and say what is left out of it and why. Raises TableError or SignatureError.

    options : data, target, features, drop, task, separator, encoding, missing, decimal, dates and names.
    """
    if options.features and options.drop:
        raise TableError("FEATURES and DROP are both given: name the columns to keep or those to leave out")
    hints = _hints(options)
    path = Path(options.data)
    table = read_table(path, options.separator, options.encoding, _parts(options.names) or None)
    frame = table.frame
    print(f"Read {len(frame)} rows and {frame.shape[1]} columns of {path.name}, {table.how}")
    targets = find(options.target, frame)
    named = find(options.features, frame) if options.features else []
    dropped = find(options.drop, frame) if options.drop else []
    if both := [name for name in targets if name in named]:
        raise TableError(f"the target {both[0]} cannot be a feature too: leave it out of FEATURES")
    chosen = named or [name for name in frame.columns if name not in (*targets, *dropped)]

    hints = hints._replace(is_text=table.is_text, semicolons=table.semicolons)
    read = read_values(frame[[*targets, *chosen]], hints, targets)
    values = pd.DataFrame({name: column.values for name, column in read.items()})
    known = with_targets(values, targets)
    refuse_infinity(known[targets])
    task = read_task(known[targets], options.task)
    for name in targets if task == "classification" else []:
        known = without_rare(known, name)
    known = known.reset_index(drop=True)

    unclear = {name: ORDER_IS_UNCLEAR for name in chosen if (dates := read[name].dates) and dates.is_ambiguous}
    if named and unclear:
        raise TableError(f"column {next(iter(unclear))} is unclear: {ORDER_IS_UNCLEAR}")
    X = known[chosen]
    refuse_infinity(X)
    if not named:
        if frame.columns[0] == "" and "" in chosen:  # So to_csv writes an index.
            unclear[""] = "it has no name, as the index of a table that was saved with it"
        X = without_useless(X, known[targets], unclear)
    print_reading({name: read[name] for name in (*targets, *X.columns)})
    features = describe(X, read)
    columns = to_columns(X, features)
    X, y = to_frame(columns, features), as_fitted(known[targets], task)
    return Rows(X, y, task, features, columns, [] if named else undecided_texts(X))


ORDER_IS_UNCLEAR = f"its dates may have the day first or the month: say it by DATES={ORDERS[0]} or DATES={ORDERS[1]}"


def _hints(options: argparse.Namespace) -> Hints:
    """Read what is told of the table. Raises TableError."""
    for name, known in (("decimal", DECIMALS), ("dates", ORDERS)):
        if getattr(options, name) not in (None, *known):
            raise TableError(f"{name.upper()}={getattr(options, name)} is not known: name one of {', '.join(known)}")
    missing = frozenset(_parts(options.missing)) - {EMPTY} if options.missing else None
    return Hints(missing, options.decimal, options.dates)


def _parts(text: str | Sequence[str] | None) -> list[str]:
    """Split what the command line or pyproject.toml names: a,b,"c,d"."""
    if isinstance(text, str):
        text = split_names(text)
    return [part.strip() for part in text or []]
