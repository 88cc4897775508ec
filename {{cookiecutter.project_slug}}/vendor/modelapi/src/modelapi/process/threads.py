"""Threads for the views of Flask, of which as few as will do are awake.

What is dear in a thread pool is not the work but the waking: woken threads fight for the GIL, and each hand-over is a
system call and a context switch. So mostly one thread is awake, which runs one waiting call after another. When it
waits for a prediction, another goes on with the next call, and the last of them calls the engine for all and sends what
is done back to the event loop. Where calls block, more threads wake up.
"""

import asyncio
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from modelapi.serving import crew

TICK = 0.005  # Seconds that a call may hold up those behind it, and the answer before it, when it blocks.
IDLING, COMPUTING = 0.5, 0.8  # Of a tick, that the process has used of a core.


class Call:
    """Something that is to run in a thread, and what waits for its end."""

    def __init__(self, work: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.context = copy_context()
        self.end: asyncio.Future[None] = loop.create_future()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run in the thread; what it raises is raised again in the loop."""
        try:
            self.context.run(self.work)
        except BaseException as error:
            self.error = error


class Worker:
    """One of the threads, as what runs in it sees it."""

    def __init__(self, threads: "Threads") -> None:
        self.wake = threading.Lock()
        self.wake.acquire()
        self.turn = 0
        """The number of the call that it runs, 0 for none or while it waits."""
        self.seen = 0
        """Its turn at the last tick."""
        self._threads = threads

    @property
    def is_alone(self) -> bool:
        """Whether no other is about to come to where this one is; those that block would be waited for in vain."""
        return self._threads.are_blocking or not self._threads.are_busy

    def share(self, work: Callable[[], None]) -> None:
        """Have something done by the last that is awake, or at once while calls block."""
        if self._threads.are_blocking:
            work()
        else:
            self._threads.shared.append((work,))

    def wait(self, timeout: float | None = None) -> bool:
        """Let others go on until one of them resumes this one. False if that took too long."""
        turn, self.turn = self.turn, 0
        is_resumed = self.sleep(-1 if timeout is None else timeout) or self._threads.take_back(self)
        self.turn = turn
        return is_resumed

    def sleep(self, timeout: float = -1) -> bool:
        """Leave those who are awake, and wait to be woken. False if that took too long."""
        if other := self._threads.leave():
            other.wake.release()  # Just before this one lets go of the GIL, which the other needs.
        return self.wake.acquire(timeout=timeout)

    def resume(self) -> None:
        """Let it go on when it is its turn."""
        self._threads.resume(self)


class Threads:
    """Threads that take calls from one queue."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        self._limit = limit
        self._loop = loop
        self._waiting: deque[Call] = deque()
        self._done: deque[Call] = deque()
        self.shared: deque[tuple[Callable[[], None]]] = deque()
        """What the last that is awake will do; in tuples, for the same function may be there again at the next tick."""
        self._lock = threading.Lock()
        """Guards what is said of workers."""
        self._workers: list[Worker] = []
        self._idle: deque[Worker] = deque()
        self._resumed: deque[Worker] = deque()
        """Those in the middle of a call that may go on."""
        self._n_awake = 0
        self._n_stuck = 0
        """How many of them are in one call for a whole tick."""
        self._width = 1
        """How many should be awake besides."""
        self._turns = itertools.count(1)
        self._is_told = self._is_ticking = False
        self._cpu = 0.0
        self._seen: tuple[object, ...] = (None, None, None)
        """What was first in each queue at the last tick."""

    @property
    def are_busy(self) -> bool:
        """Whether other calls wait or run."""
        return bool(self._waiting) or self._n_awake > self._n_stuck + 1

    @property
    def are_blocking(self) -> bool:
        """Whether calls block so often that several run at a time."""
        return self._width > 1

    async def run(self, work: Callable[[], None]) -> None:
        """Run this in a thread, and wait for its end. Raises what it raises."""
        call = Call(work, self._loop)
        self._waiting.append(call)
        if not self._is_ticking:
            self._is_ticking, self._cpu = True, time.process_time()
            self._n_stuck = min(self._n_stuck, self._n_awake)
            self._loop.call_later(TICK, self._tick)
        self._wake_up()
        await call.end
        if call.error:
            raise call.error

    def resume(self, worker: Worker) -> None:
        """Let a thread go on that waits: now, if fewer than `_width` are at work, or when one of them leaves."""
        self._resumed.append(worker)
        self._wake_up()

    def take_back(self, worker: Worker) -> bool:
        """Let a thread go on that waits no longer; tell whether it was resumed meanwhile."""
        with self._lock:
            if worker.wake.acquire(blocking=False):
                return True
            self._n_awake += 1
            if is_resumed := worker in self._resumed:
                self._resumed.remove(worker)
            return is_resumed

    def leave(self) -> Worker | None:
        """Count a thread as no longer awake and return which to wake; the last sees to what is left to do."""
        while True:
            with self._lock:
                self._n_awake -= 1
                n_at_work = self._n_awake - self._n_stuck
                if n_at_work < self._width and (self._resumed or self._waiting) and (other := self._next()):
                    return other
                if n_at_work > 0:
                    return None
                if not self.shared:
                    break
                self._n_awake += 1
            self._do_shared()
        self._tell()
        return None

    def _do_shared(self) -> None:
        """Do what was shared until now."""
        for _ in range(len(self.shared)):
            try:
                (work,) = self.shared.popleft()
            except IndexError:  # Another thread does it.
                return
            try:
                work()
            except BaseException as error:  # Those for whom it was have gone on, and so does this thread.
                context = {"message": "what requests have in common was not done", "exception": error}
                self._loop.call_soon_threadsafe(self._loop.call_exception_handler, context)

    def _wake_up(self, *, one_more: bool = False) -> None:
        """Wake a thread if fewer than `_width` are at work, which is mostly one, or one more than that."""
        with self._lock:
            other = self._next() if one_more or self._n_awake - self._n_stuck < self._width else None
        if other:
            other.wake.release()

    def _next(self) -> Worker | None:
        """Count one more thread as awake and return it, if there is one; to be called with the lock."""
        if self._resumed:
            worker = self._resumed.popleft()
        elif self._idle:
            worker = self._idle.pop()  # The last to fall asleep, whose caches are warm.
        elif len(self._workers) < self._limit:
            worker = Worker(self)
            try:
                threading.Thread(target=self._work, args=(worker,), name="view", daemon=True).start()
            except RuntimeError:  # The system has no more.
                if not self._workers:
                    raise
                return None
            self._workers.append(worker)
        else:
            return None
        self._n_awake += 1
        return worker

    def _work(self, worker: Worker) -> None:
        """In a thread, run calls for as long as any wait, then sleep."""
        crew.join(worker)
        with suppress(AttributeError, OSError):  # Not everywhere.
            # A thread that is woken then waits until the one that woke it, and holds the GIL, leaves the core.
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        worker.wake.acquire()
        while True:
            try:
                call = self._waiting.popleft()
            except IndexError:
                worker.turn = 0
                with self._lock:
                    self._idle.append(worker)
                worker.sleep()
                continue
            worker.turn = next(self._turns)
            call.run()
            self._done.append(call)
            if self.are_blocking and not self._waiting:
                self._tell()

    def _tell(self) -> None:
        # The loop would only compete with the calls that wait, so it is woken for them all (or by its tick). It
        # lowers the flag before it looks at what is done, so a raised flag means that it is still to look.
        if self._done and not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._collect)

    def _collect(self) -> None:
        """Let those go on whose calls have run."""
        self._is_told = False
        while self._done:
            end = self._done.popleft().end
            if not end.done():
                end.set_result(None)

    def _tick(self) -> None:
        """Wake one more thread if a call waits that no thread took since the last tick, or while the process idles.

        The first helps against calls that block or compute for long. The second is for calls that block shortly, of
        which more should run at a time from now on; calls that keep the process busy would only fight for the GIL.
        """
        self._collect()
        self._n_stuck = sum(worker.turn != 0 and worker.turn == worker.seen for worker in self._workers)
        for worker in self._workers:
            worker.seen = worker.turn
        seen, self._seen = self._seen, (_first(self._waiting), _first(self._resumed), _first(self.shared))
        is_late, is_held_up, is_overdue = (
            one is not None and one is before for one, before in zip(self._seen, seen, strict=True)
        )
        cpu, self._cpu = self._cpu, time.process_time()
        is_idling, is_computing = self._cpu - cpu < TICK * IDLING, self._cpu - cpu > TICK * COMPUTING
        if self._waiting and (is_idling or is_late):
            is_late = True
            self._width = min(self._width + is_idling, self._limit)
        elif is_computing and self._width > 1:
            self._width -= 1
        has_work = bool(self._waiting or self._resumed or self.shared)
        if has_work:
            self._wake_up(one_more=is_late or is_held_up)
        if is_overdue:  # Calls come so fast that none is the last, or the one that would be blocks.
            self._loop.run_in_executor(None, self._do_shared)
        n_in_calls = len(self._workers) - len(self._idle)  # Some wait, and may be resumed.
        self._is_ticking = has_work or max(n_in_calls, self._n_awake) > self._n_stuck
        if self._is_ticking:
            self._loop.call_later(TICK, self._tick)


def _first(queue: deque[Any]) -> object:
    try:
        return queue[0]
    except IndexError:
        return None
