"""What is shown of training: a bar while it lasts, and how good the model is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import Progress

from modelapi.records.faults import MAX_LISTED
from modelapi.training.compare import Score
from modelapi.training.encoders import read_encoders
from modelapi.training.reading import listing
from modelapi.training.texts import string_columns
from modelapi.training.values import Values


def print_metrics(metrics: dict[str, Any]) -> None:
    """Print the scores of the model and of the baseline side by side."""
    title = f"in {metrics['folds']}-fold cross-validation"
    print(f"\n  {title:<27} {'model':>20} {'baseline':>10}")
    for name in [name for name in metrics if f"baseline_{name}" in metrics]:
        model = f"{metrics[name]:.4g} ± {metrics[f'{name}_std']:.2g}"
        print(f"  {name.replace('_', ' '):<27} {model:>20} {metrics[f'baseline_{name}']:>10.4g}")
    print()


def print_comparison(measure: str, scores: Mapping[str, Score], chosen: str) -> None:
    """Print the score of each estimator, and which is taken."""
    print(f"\n  {measure.replace('_', ' ')} of")
    for name, score in scores.items():
        told = score.reason or f"{score.mean:.4g} ± {score.error:.2g}"
        print(f"  {name:<27} {told:>20}{'  taken' * (name == chosen)}")
    print("\n  The first within one standard error of the best is taken; ESTIMATOR=… takes another.")


def print_reading(columns: Mapping[str, Values]) -> None:
    """Print how columns were read where that is not plain, each manner once."""
    manners: dict[str, list[str]] = {}
    for name, column in columns.items():
        if column.how:
            manners.setdefault(column.how, []).append(name)
    for how, names in manners.items():
        print(f"Read {listing(names)} {how}")
    for note in [note for column in columns.values() for note in column.notes][:MAX_LISTED]:
        print(note)


def print_gaps(pipeline: Any, X: pd.DataFrame) -> None:
    """Print of which columns a fitted pipeline makes a category of the gaps.

    X : DataFrame of shape (n_samples, n_features) that it was fitted on.
    """
    with_gaps = [name for name in string_columns(X) if X[name].isna().any()]
    known = read_encoders(pipeline, X.loc[[X[name].first_valid_index() for name in with_gaps]]) if with_gaps else {}
    own = [name for name in with_gaps if name in known and set(known[name].categories or []) - set(X[name])]
    if own:
        print(f"The gaps of {listing(own)} are a category of their own")


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal, on stderr, if the work takes longer than a second; answers how to move it on."""
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("Training", total=total)
    timer = threading.Timer(1, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: bar.advance(task)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
