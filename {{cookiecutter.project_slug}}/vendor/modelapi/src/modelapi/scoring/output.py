"""The output of scoring, and the file of bad rows beside it: there whole, or not at all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from modelapi.scoring.workers import Job, Scored
from modelapi.signature import Signature
from modelapi.training.dialect import TableError


def write(job: Job, results: Iterator[tuple[Scored, float]], signature: Signature, strict: bool) -> str:
    """Write what was scored and what was refused; return a line that says how much that is. Raises TableError."""
    table = job.table
    n_rows = n_bad = 0
    began = time.monotonic()
    try:
        with _beside(table.destination) as output, _beside(table.side) as side:
            with (
                output.open("wb") as file,
                side.open("wb") as refused,
                closing(table.sink(file, signature, job.wanted)) as sink,
                _progress() as progress,
            ):
                task = progress.add_task("", total=1.0, rows=0, speed=0)
                for scored, share in results:
                    if scored.first is not None:
                        if strict:
                            raise TableError(f"{table.source}, row {scored.first.number}: {scored.first.reason}")
                        refused.write(scored.rejected if n_bad else table.side_header() + scored.rejected)
                    if scored.part is not None:
                        sink.write(scored.part)
                    n_rows += scored.n_rows
                    n_bad += scored.n_bad
                    speed = (n_rows + n_bad) / (time.monotonic() - began)
                    progress.update(task, completed=share, rows=n_rows + n_bad, speed=speed)
            if n_bad:
                os.replace(side, table.side)
            else:
                table.side.unlink(missing_ok=True)  # Of an earlier run.
            os.replace(output, table.destination)
    except OSError as error:
        raise TableError(f"{table.destination} cannot be written ({error.strerror or error})") from None
    speed = (n_rows + n_bad) / (time.monotonic() - began)
    bad = f", {n_bad:,} bad row{'s' * (n_bad > 1)} in {table.side}" if n_bad else ""
    return f"Scored {n_rows:,} row{'s' * (n_rows != 1)} into {table.destination} ({speed:,.0f} rows/s){bad}"


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Name a file that takes the place of another if it gets that far, and is removed if it does not."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def _progress() -> Progress:
    return Progress(
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,.0f} rows/s, time left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
