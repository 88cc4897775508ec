"""Dynamic batching: requests that come at the same time share one call of the engine.

Who comes alone does not wait for others. What the event loop read at once is predicted at once, and while an engine
is at work in its thread, those who come meanwhile gather for its next call. A call costs much the same for one row as
for many: some 50 µs with ONNX Runtime, 2 to 5 ms with scikit-learn.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

from modelapi.engines import Prediction, Wanted
from modelapi.serving.crew import Member, this_thread
from modelapi.serving.tracing import tracing

MAX_ROWS = 1_000  # Of a shared call.
PATIENCE = 0.2  # Of the time of the last call: how long a slow engine rests between two.

Records = list[dict[str, Any]]
Predict = Callable[[Records, Wanted], Prediction]
Explain = Callable[[Records, Wanted, Exception], Exception]
"""Says what an error of `predict` is for who sent the records."""


def unexplained(_records: Records, _wanted: Wanted, error: Exception) -> Exception:
    """Leave an error as it is."""
    return error


class Job(NamedTuple):
    """The records of a request, and the place for what is predicted of them."""

    records: Records
    wanted: Wanted
    prediction: "asyncio.Future[Prediction] | Promise"
    place: Any
    """Where in a trace it is."""


class Batcher:
    """Calls the engine for all who wait, in the order they came; a slow engine in a thread of its own."""

    def __init__(self, predict: Predict, explain: Explain = unexplained, *, is_slow: bool) -> None:
        self._how = predict, explain
        self._thread = ThreadPoolExecutor(1, "engine") if is_slow else None
        self._waiting: deque[Job] = deque()
        self._busy: asyncio.AbstractEventLoop | None = None
        """The loop that will take those who wait; one that was closed never does."""

    async def predict(self, records: Records, wanted: Wanted) -> Prediction:
        """Predict records that were validated. Raises what the engine raises for them."""
        loop = asyncio.get_running_loop()
        prediction: asyncio.Future[Prediction] = loop.create_future()
        self._waiting.append(Job(records, wanted, prediction, tracing.here()))
        if self._busy is not loop:
            self._busy = loop
            # One turn of the loop later, so that what it reads meanwhile joins; that is 20 µs when there is nothing.
            loop.call_soon(loop.call_soon, self._next, loop)
        return await prediction

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        jobs = take(self._waiting)
        if not jobs:
            self._busy = None
            return
        if self._thread is None:
            deliver(jobs, run(*self._how, jobs))
            loop.call_soon(self._next, loop)
            return
        started = loop.time()
        work = self._thread.submit(run, *self._how, jobs)
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._finish, loop, started, jobs, done))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        started: float,
        jobs: Sequence[Job],
        done: "Future[list[Prediction | Exception]]",
    ) -> None:
        deliver(jobs, done.result())
        # Those who get their answers now may ask again at once: with a moment's patience they share the next call.
        loop.call_later(PATIENCE * (loop.time() - started), self._next, loop)


class Promise:
    """What a thread waits for: as a Future, but how it waits, and when it goes on, is for its crew to say."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._owed = [member]
        """Empty when it is kept or given up; `pop` lets only one of the two happen."""
        self._result: Prediction | Exception

    def done(self) -> bool:
        """Tell whether nobody needs to do anything for it any more."""
        return not self._owed

    def set_result(self, result: Prediction | Exception) -> None:
        """Keep it, unless it was given up."""
        self._result = result
        try:
            member = self._owed.pop()
        except IndexError:  # Whoever waited has given up just now.
            return
        member.resume()

    set_exception = set_result

    def result(self, timeout: float) -> Prediction:
        """Wait for the result, and return or raise it. Raises TimeoutError, and gives up, if that takes too long."""
        if not self._member.wait(timeout):
            try:
                self._owed.pop()
            except IndexError:  # It came just now.
                self._member.wait()
            else:
                raise TimeoutError
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


class ThreadBatcher:
    """The same for threads: the last that comes, or whoever's turn it is, calls the engine for all who wait."""

    def __init__(self, predict: Predict, explain: Explain = unexplained, *, is_slow: bool) -> None:
        self._how = predict, explain
        # A slow engine works in a thread of its own, so that who waits for it may give up.
        self._thread = ThreadPoolExecutor(1, "engine") if is_slow else None
        self._turn = Lock()
        self._waiting: deque[Job] = deque()

    def predict(self, records: Records, wanted: Wanted, *, timeout: float) -> Prediction:
        """Predict records that were validated. Raises what the engine raises for them, or TimeoutError."""
        thread = this_thread()
        if not self._thread and thread.is_alone and not self._waiting and self._turn.acquire(blocking=False):
            try:
                return self._alone(records, wanted)
            finally:
                self._turn.release()
        promise = Promise(thread)
        self._waiting.append(Job(records, wanted, promise, tracing.here()))
        work = partial(copy_context().run, self._work, promise)
        if self._thread:
            self._thread.submit(work)
        else:
            thread.share(work)
        return promise.result(timeout)

    def _alone(self, records: Records, wanted: Wanted) -> Prediction:
        predict, explain = self._how
        try:
            with tracing.span("engine", rows=len(records), requests=1):
                return predict(records, wanted)
        except Exception as error:
            reason = explain(records, wanted, error)
            if reason is error:
                raise
            raise reason from error

    def _work(self, promise: Promise) -> None:
        """Call the engine until a promise is kept, unless another kept it meanwhile."""
        with self._turn:
            while not promise.done() and (jobs := take(self._waiting)):
                deliver(jobs, run(*self._how, jobs))


def take(waiting: deque[Job]) -> list[Job]:
    """Take the first of those who wait, and as many like it after it as fit in one call."""
    while waiting and waiting[0].prediction.done():  # Its client was told that it took too long.
        waiting.popleft()
    if not waiting:
        return []
    jobs = [waiting.popleft()]
    n_rows = len(jobs[0].records)
    while waiting and waiting[0].wanted == jobs[0].wanted:
        n_rows += len(waiting[0].records)
        if n_rows > MAX_ROWS:
            break
        jobs.append(waiting.popleft())
    return jobs


def run(predict: Predict, explain: Explain, jobs: Sequence[Job]) -> list[Prediction | Exception]:
    """Predict all jobs in one call; if that fails, each by itself, for the fault is that of one of them."""
    try:
        records = [record for job in jobs for record in job.records]
        with tracing.span("engine", [job.place for job in jobs], rows=len(records), requests=len(jobs)):
            whole = predict(records, jobs[0].wanted)
        return _parts(whole, jobs)
    except BaseException as error:  # Whatever it is, those who wait are to be told.
        if len(jobs) == 1:
            if isinstance(error, Exception) and not isinstance(error, StopIteration):  # Which no future takes.
                return [explain(jobs[0].records, jobs[0].wanted, error)]
            return [RuntimeError(f"the engine raised {type(error).__name__}")]
    return [run(predict, explain, [job])[0] for job in jobs]


def _parts(whole: Prediction, jobs: Sequence[Job]) -> list[Prediction | Exception]:
    """Give each job its rows."""
    if len(jobs) == 1:
        return [whole]
    parts: list[Prediction | Exception] = []
    start = 0
    for job in jobs:
        rows = slice(start, start + len(job.records))
        parts.append(whole.part(rows))
        start = rows.stop
    return parts


def deliver(jobs: Sequence[Job], results: Sequence[Prediction | Exception]) -> None:
    """Hand over what was predicted to those who still wait for it."""
    for job, result in zip(jobs, results, strict=True):
        if job.prediction.done():
            continue
        if isinstance(result, Exception):
            job.prediction.set_exception(result)
        else:
            job.prediction.set_result(result)
