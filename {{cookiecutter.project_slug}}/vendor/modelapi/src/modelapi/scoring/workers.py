"""Batches of a table are scored in this process or, if there are many, in one for each core."""

from __future__ import annotations

import gc
import os
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numpy as np

from modelapi import package
from modelapi.engines import Prediction, Wanted
from modelapi.engines.failing import FAILS, NOT_FINITE, rows_not_finite, rows_that_raise
from modelapi.package import Package
from modelapi.project import Project
from modelapi.records.columns import Columns, n_rows
from modelapi.records.faults import InvalidRecords, RecordsError
from modelapi.records.parser import RecordParser
from modelapi.scoring.adjusting import find_adjust
from modelapi.scoring.formats import BadRow, Format
from modelapi.settings import PackageSettings
from modelapi.training.dialect import TableError

TRIAL = 1.0  # Seconds, after which it is known how long the rest takes.
WORTH = 4.0  # Seconds of work, for less of which it does not pay to start processes.
WAITING = 3  # Batches a worker that are read ahead.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Scored(NamedTuple):
    """What became of a batch: the parts of the output and of the side file, and how many rows are in each."""

    part: Any
    rejected: bytes
    n_rows: int
    n_bad: int
    first: BadRow | None


class Job(NamedTuple):
    """What each process needs to know to score batches of a table as the others do."""

    project: Project
    settings: PackageSettings
    folder: Path
    table: Format
    wanted: Wanted

    def load(self) -> Package:
        """Load the model. Raises PackageError."""
        settings = self.settings
        return package.load(self.folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)


class Scorer:
    """Scores batches of a table."""

    def __init__(self, job: Job, model: Package) -> None:
        """Raise InvalidRecords if the table's header does not fit, and ApiError if the project's API cannot be made."""
        self._model = model
        self._table = job.table
        self._wanted = job.wanted
        self._parse = job.table.parser(model.signature, job.settings.unknown_categories)
        self._adjust = find_adjust(job.project)
        self._example = RecordParser(model.signature).parse_values([model.signature.example()])
        gc.set_threshold(100_000)  # Rows are many small objects, and searching them for cycles takes half the time.

    def __call__(self, rows: Any, start: int) -> Scored:
        """Score rows, the first of which is row `start`. Raises TableError if the estimator fails for all of them."""
        bad: list[BadRow] = []
        whole, end, rejected = rows, start + len(rows), b""
        try:
            columns = self._parse(rows, start)
        except RecordsError:
            bad = self._find_bad(rows, start)
            places = {row.number - start - 1: None for row in bad}
            rejected = self._table.reject(self._table.select(rows, list(places)), bad)
            rows = self._table.select(rows, [place for place in range(len(rows)) if place not in places])
            columns = self._parse(rows, start) if len(rows) else {}
        part = None
        if columns:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Of unknown categories, in each batch again.
                prediction, failed = self._predict_most(columns, f"rows {start + 1} to {end}")
            if failed:
                numbers = sorted({*range(start + 1, end + 1)} - {row.number for row in bad})
                bad = sorted([*bad, *(BadRow(numbers[place], why) for place, why in failed.items())])
                rejected = self._table.reject(self._table.select(whole, [row.number - start - 1 for row in bad]), bad)
                rows = self._table.select(rows, [place for place in range(len(rows)) if place not in failed])
            if prediction is not None:
                part = self._table.write(rows, prediction, self._model.signature, self._wanted)
        return Scored(part, rejected, end - start - len(bad), len(bad), bad[0] if bad else None)

    def _predict_most(self, columns: Columns, rows: str) -> tuple[Prediction | None, dict[int, str]]:
        """Predict all rows but those that cannot be, for which it says why. Raises TableError."""
        failed: dict[int, str] = {}
        places = np.arange(n_rows(columns))
        while len(places):
            part = {name: values[places] for name, values in columns.items()} if failed else columns
            why = NOT_FINITE
            try:
                prediction = self._predict(part, rows)
                wrong = rows_not_finite(prediction, self._wanted)
            except TableError:
                why = FAILS
                predict = partial(self._model.engine.predict, wanted=self._wanted)
                wrong = rows_that_raise(predict, part, self._example, max_calls=2 * len(places))
                if not wrong:
                    raise
            if not wrong:
                return prediction, failed
            failed |= dict.fromkeys(places[wrong].tolist(), why)
            places = np.delete(places, wrong)
        return None, failed

    def _predict(self, columns: Columns, rows: str) -> Prediction:
        """Predict as the API does: first the model, then the project's own `adjust`. Raises TableError."""
        what = "the model cannot predict"
        try:
            prediction = self._model.engine.predict(columns, self._wanted)
            if self._adjust is not None:
                what = "adjust fails at"
                prediction = self._adjust(prediction, self._model.signature)
        except Exception as error:
            reason = f"{what} one of the {rows}: {error}".splitlines()[0]
            raise TableError(f"{self._table.source}: {reason}") from error
        return prediction

    def _find_bad(self, rows: Any, start: int) -> list[BadRow]:
        """Say of each bad row what is wrong: all at once or, if one cannot even be read, row by row."""
        try:
            self._parse(rows, start)
        except InvalidRecords as error:
            reasons: dict[int, list[str]] = {}
            for fault in error.faults:
                place, *names = fault.location
                reasons.setdefault(int(place), []).append(" ".join([*map(str, names), fault.detail]))
            return [BadRow(place + 1, "; ".join(reasons[place])) for place in sorted(reasons)]
        except RecordsError as error:
            if len(rows) == 1:
                return [BadRow(start + 1, str(error).removeprefix(f"row {start + 1} "))]
            singles = (self._find_bad(self._table.select(rows, [place]), start + place) for place in range(len(rows)))
            return [row for single in singles for row in single]
        return []


def score_batches(
    batches: Iterator[tuple[Any, float]], scorer: Scorer, workers: int, start_pool: Callable[[], ProcessPoolExecutor]
) -> Generator[tuple[Scored, float], None, None]:
    """Score the first batches here and, if there is work for longer, the others in worker processes; in order."""
    pool = None
    waiting: deque[tuple[Future[Scored], float]] = deque()
    start, began = 0, time.monotonic()
    try:
        for rows, share in batches:
            if pool is None:
                yield scorer(rows, start), share
                spent = time.monotonic() - began
                if workers > 1 and spent >= TRIAL and spent * (1 / share - 1) >= WORTH:
                    pool = start_pool()
            else:
                waiting.append((_submit(pool, rows, start), share))
                if len(waiting) > workers * WAITING:
                    future, share = waiting.popleft()
                    yield future.result(), share
            start += len(rows)
        for future, share in waiting:
            yield future.result(), share
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def make_pool(workers: int, job: Job) -> ProcessPoolExecutor:
    """Make worker processes, each with one thread, for ONNX Runtime and OpenMP do not survive a fork."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    return ProcessPoolExecutor(workers, get_context("spawn"), _start, (job,))


def _submit(pool: ProcessPoolExecutor, rows: Any, start: int) -> Future[Scored]:
    # A process that this starts inherits what is blocked: Ctrl-C is for the parent alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return pool.submit(_score, rows, start)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


_scorer: Scorer  # Of a worker process.


def _start(job: Job) -> None:
    global _scorer
    Thread(target=_end_with_parent, daemon=True).start()
    _scorer = Scorer(job, job.load())


def _score(rows: Any, start: int) -> Scored:
    return _scorer(rows, start)


def _end_with_parent() -> None:
    """End this process with the one that started it, even if that is killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
