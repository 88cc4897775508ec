"""Dynamic batching: requests that come at the same time share one call of the engine.

Who comes alone does not wait for others. What the event loop read at once is predicted at once, and while an engine
is at work in its thread, those who come meanwhile gather for its next call. A call costs much the same for one row as
for many: some 50 µs with ONNX Runtime, 2 to 5 ms with scikit-learn.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple

from modelapi.serving import metrics
from modelapi.engines import Engine, Prediction
from modelapi.records.parser import RecordParser

MAX_ROWS = 1_000  # Of a shared call.
PATIENCE = 0.2  # Of the time of the last call: how long a slow engine rests between two.


class Job(NamedTuple):
    """The records of a request, and the place for what is predicted of them."""

    records: list[dict[str, Any]]
    probabilities: bool
    prediction: asyncio.Future[Prediction]


class Gatherer:
    """Calls the engine for all who wait, in the order they came; a slow engine in a thread of its own."""

    def __init__(self, parser: RecordParser, engine: Engine, *, is_slow: bool) -> None:
        self._parser = parser
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "engine") if is_slow else None
        self._waiting: deque[Job] = deque()
        self._busy: asyncio.AbstractEventLoop | None = None
        """The loop that will take those who wait; one that was closed never does."""

    async def predict(self, records: list[dict[str, Any]], *, probabilities: bool) -> Prediction:
        """Predict records that were validated. Raises what the engine raises for them."""
        loop = asyncio.get_running_loop()
        job = Job(records, probabilities, loop.create_future())
        self._waiting.append(job)
        if self._busy is not loop:
            self._busy = loop
            # One turn of the loop later, so that what it reads meanwhile joins; that is 20 µs when there is nothing.
            loop.call_soon(loop.call_soon, self._next, loop)
        return await job.prediction

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting and self._waiting[0].prediction.done():  # Its client was told that it took too long.
            self._waiting.popleft()
        if not self._waiting:
            self._busy = None
            return
        jobs = self._take()
        if self._thread is None:
            self._deliver(jobs, self._run(jobs))
            loop.call_soon(self._next, loop)
            return
        started = loop.time()
        work = self._thread.submit(self._run, jobs)
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._finish, loop, started, jobs, done))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        started: float,
        jobs: Sequence[Job],
        done: "Future[list[Prediction | Exception]]",
    ) -> None:
        self._deliver(jobs, done.result())
        # Those who get their answers now may ask again at once: with a moment's patience they share the next call.
        loop.call_later(PATIENCE * (loop.time() - started), self._next, loop)

    def _take(self) -> list[Job]:
        """Take the first of those who wait, and as many like it after it as fit in one call."""
        jobs = [self._waiting.popleft()]
        n_rows = len(jobs[0].records)
        while self._waiting and self._waiting[0].probabilities == jobs[0].probabilities:
            n_rows += len(self._waiting[0].records)
            if n_rows > MAX_ROWS:
                break
            jobs.append(self._waiting.popleft())
        return jobs

    def _run(self, jobs: Sequence[Job]) -> list[Prediction | Exception]:
        """Predict all jobs in one call; if that fails, each by itself, for the fault is that of one of them."""
        try:
            return self._predict(jobs)
        except Exception as error:
            return [error] if len(jobs) == 1 else [self._run([job])[0] for job in jobs]

    def _predict(self, jobs: Sequence[Job]) -> list[Prediction | Exception]:
        started = perf_counter()
        columns = self._parser.columns([record for job in jobs for record in job.records])
        whole = self._engine.predict(columns, probabilities=jobs[0].probabilities)
        metrics.engine_took(perf_counter() - started)
        if len(jobs) == 1:
            return [whole]
        parts: list[Prediction | Exception] = []
        start = 0
        for job in jobs:
            rows = slice(start, start + len(job.records))
            parts.append(whole.part(rows))
            start = rows.stop
        return parts

    def _deliver(self, jobs: Sequence[Job], results: Sequence[Prediction | Exception]) -> None:
        for job, result in zip(jobs, results, strict=True):
            if job.prediction.done():  # Nobody waits for it any more.
                continue
            if isinstance(result, Exception):
                job.prediction.set_exception(result)
            else:
                job.prediction.set_result(result)
