"""The output of scoring, and the file of bad rows beside it: there whole, or not at all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from modelapi.scoring.workers import Job, Scored
from modelapi.signature import Signature
from modelapi.training.dialect import TableError


class Written(NamedTuple):
    """How many rows were scored and refused, and how long that took."""

    n_rows: int
    n_bad: int
    seconds: float

    def report(self, destination: Path, side: Path) -> str:
        """Say in a line what is where."""
        n_rows, n_bad, seconds = self
        bad = f", {n_bad:,} bad row{'s' * (n_bad > 1)} in {side}" if n_bad else ""
        speed = (n_rows + n_bad) / seconds
        return f"Scored {n_rows:,} row{'s' * (n_rows != 1)} into {destination} ({speed:,.0f} rows/s){bad}"


def write(job: Job, results: Iterable[tuple[Scored, float]], signature: Signature, strict: bool) -> Written:
    """Write what was scored and what was refused. Raises TableError."""
    table = job.table
    n_rows = n_bad = 0
    began = time.monotonic()
    try:
        with _beside(table.destination) as output, _beside(table.side) as side:
            with (
                output.open("wb") as file,
                side.open("wb") as refused,
                closing(table.sink(file, signature, job.wanted)) as sink,
                progressing() as progress,
            ):
                for scored, share in results:
                    if scored.first is not None:
                        if strict:
                            raise TableError(f"{table.source}, row {scored.first.number}: {scored.first.reason}")
                        refused.write(scored.rejected if n_bad else table.side_header() + scored.rejected)
                    if scored.part is not None:
                        sink.write(scored.part)
                    n_rows += scored.n_rows
                    n_bad += scored.n_bad
                    progress(share, n_rows + n_bad)
            if n_bad:
                os.replace(side, table.side)
            else:
                table.side.unlink(missing_ok=True)  # Of an earlier run.
            os.replace(output, table.destination)
    except OSError as error:
        raise TableError(f"{table.destination} cannot be written ({error.strerror or error})") from None
    return Written(n_rows, n_bad, time.monotonic() - began)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Name a file that takes the place of another if it gets that far, and is removed if it does not."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def progressing() -> Iterator[Callable[[float, int], None]]:
    """Show a bar on a terminal; yields what is told the share that is done, and the rows."""
    began = time.monotonic()
    bar = Progress(
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,.0f} rows/s, time left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("", total=1.0, rows=0, speed=0)
        yield lambda share, n: bar.update(task, completed=share, rows=n, speed=n / (time.monotonic() - began))
