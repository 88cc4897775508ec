"""Score a table of Parquet files on all nodes of a Ray cluster, or on this machine if there is none."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.data import ActorPoolStrategy, DataContext
from ray.exceptions import RayError

from modelapi.engines import Wanted
from modelapi.ray.parts import Part, RowGroup, find_parts
from modelapi.scoring.output import Written, progressing, write
from modelapi.scoring.score import check
from modelapi.scoring.workers import Job, Scored, Scorer
from modelapi.settings import PackageSettings
from modelapi.training.dialect import TableError

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}  # Ray tells nobody, and little.


def score(
    settings: PackageSettings,
    package: Path,
    wanted: Wanted,
    source: Path,
    destination: Path,
    *,
    workers: int | None,
    strict: bool,
) -> str:
    """Write each row group as a file in the folder `destination`, and its bad rows beside it; return what is there.

    workers : processes on the cluster, by default one for each of its cores. Raises TableError.
    """
    side = destination.parent / f"{destination.name}.bad"
    parts = find_parts(source)
    with _appearing(destination, side) as (scored, bad):
        job = Job(settings.project, settings, package, Part(parts[0], scored, bad), wanted)
        model = job.load()
        check(job.table, model.signature, wanted)
        Scorer(job, model)  # What is wrong with all parts is said at once.
        _connect()
        return _run(parts, (job, scored, bad, strict), workers).report(destination, side)


@contextmanager
def _appearing(*folders: Path) -> Iterator[list[Path]]:
    """Make folders that take these names if all goes well, but for empty ones, and are removed if it does not."""
    if not folders[0].parent.is_dir():
        raise TableError(f"there is no folder {folders[0].parent}: make it first")
    for folder in folders:
        if folder.exists():
            raise TableError(f"{folder} is there already: remove it, or name another output")
    beside = folders[0].absolute().with_name(f".{folders[0].name}.{os.getpid()}.part")
    parts = [beside / folder.name for folder in folders]
    try:
        for part in parts:
            part.mkdir(parents=True)
        yield parts
        for stray in beside.glob("*/.*"):  # Of a node that was lost.
            stray.unlink()
        for part, folder in zip(reversed(parts), reversed(folders), strict=True):  # The first of them last.
            if any(part.iterdir()):
                part.rename(folder)
    except OSError as error:
        raise TableError(f"{folders[0]} cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _connect() -> None:
    """Connect to the cluster that RAY_ADDRESS names or that this machine belongs to, or start one on it.

    Raises TableError.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise TableError(f"{error}: is it there? Start it, or unset RAY_ADDRESS") from None
    signal.signal(signal.SIGTERM, handler)  # Which Ray has taken.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True  # So that the first bad row of all is the one that is named.


def _run(parts: list[RowGroup], arguments: tuple[Any, ...], workers: int | None) -> Written:
    """Score all parts. Raises TableError."""
    began = time.monotonic()
    if not ray.available_resources().get("CPU"):
        print("No core of the cluster is free: waiting for one.", file=sys.stderr)
    most = workers or int(ray.cluster_resources().get("CPU", 1))
    size = max(1, min(most, len(parts)))
    pool = ActorPoolStrategy(min_size=1, initial_size=size, max_size=size)
    table = ray.data.from_items([part._asdict() for part in parts])
    results = table.map(_Scorer, fn_constructor_args=arguments, compute=pool, num_cpus=1)
    n_rows = n_bad = 0
    try:
        with progressing() as progress:
            for done, result in enumerate(results.iter_rows(), 1):
                if result["wrong"]:
                    raise TableError(result["wrong"])
                n_rows += result["n_rows"]
                n_bad += result["n_bad"]
                progress(done / len(parts), n_rows + n_bad)
    except RayError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        remedy = "give each node this project and the table at the paths they have here"
        raise TableError(f"a node cannot score ({reason}): {remedy}") from None
    return Written(n_rows, n_bad, time.monotonic() - began)


class _Scorer:
    """Scores parts, on one core of some node."""

    def __init__(self, job: Job, scored: Path, bad: Path, strict: bool) -> None:
        job.project.make_importable()
        self._job = job
        self._model = job.load()
        self._folders = scored, bad
        self._strict = strict

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Score a part; return how many rows that were, or what is wrong with it."""
        row_group = RowGroup(**row)
        try:
            part = Part(row_group, *self._folders)
            job = self._job._replace(table=part)
            results = _score(part, Scorer(job, self._model), row_group.start)
            written = write(job, results, self._model.signature, self._strict)
        except TableError as error:
            return {"n_rows": 0, "n_bad": 0, "wrong": str(error)}
        return {"n_rows": written.n_rows, "n_bad": written.n_bad, "wrong": ""}


def _score(part: Part, scorer: Scorer, start: int) -> Iterator[tuple[Scored, float]]:
    for rows, share in part.batches():
        yield scorer(rows, start), share
        start += len(rows)
