"""Threads for the views of Flask, of which as few as will do are awake.

What is dear in a thread pool is not the work but the waking: woken threads fight for the GIL, and each hand-over is a
system call and a context switch. So mostly one thread is awake, which runs one waiting call after another, and what is
done goes back to the event loop in batches. Where a call blocks, more threads wake up.
"""

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context

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
    """A thread's state: it sleeps on `wake`; `turn` numbers the call that it runs (0: none), `seen` is the tick's."""

    def __init__(self) -> None:
        self.wake = threading.Lock()
        self.wake.acquire()
        self.turn = self.seen = 0


class Threads:
    """Threads that take calls from one queue. All but `_work` runs in the loop, and deques are atomic: no locks."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        self._limit = limit
        self._loop = loop
        self._waiting: deque[Call] = deque()
        self._done: deque[Call] = deque()
        self._idle: deque[Worker] = deque()
        self._workers: list[Worker] = []
        self._turns = itertools.count(1)
        self._stuck = 0
        """How many threads are in one call for a whole tick."""
        self._width = 1
        """How many threads should be awake besides."""
        self._is_told = self._is_ticking = False
        self._cpu = 0.0
        self._head: Call | None = None

    async def run(self, work: Callable[[], None]) -> None:
        """Run this in a thread, and wait for its end. Raises what it raises."""
        call = Call(work, self._loop)
        self._submit(call)
        await call.end
        if call.error:
            raise call.error

    def _submit(self, call: Call) -> None:
        """Queue a call, and wake a thread only if fewer than `_width`, which is mostly one, are at work."""
        self._waiting.append(call)
        if not self._is_ticking:
            self._is_ticking, self._cpu = True, time.process_time()
            self._stuck = min(self._stuck, len(self._workers) - len(self._idle))
            self._loop.call_later(TICK, self._tick)
        if self._n_awake() < self._width:
            self._wake()

    def _n_awake(self) -> int:
        return len(self._workers) - len(self._idle) - self._stuck

    def _wake(self) -> None:
        """Set one more thread to work, if there is one: the last to fall asleep, whose caches are warm."""
        if self._idle:
            self._idle.pop().wake.release()
        elif len(self._workers) < self._limit:
            worker = Worker()
            self._workers.append(worker)
            threading.Thread(target=self._work, args=(worker,), name="view", daemon=True).start()

    def _work(self, worker: Worker) -> None:
        """In a thread, run calls for as long as any wait, then sleep."""
        while True:
            try:
                call = self._waiting.popleft()
            except IndexError:
                worker.turn = 0
                # A call queued just before this line woke nobody, but the next tick sees it waiting.
                self._idle.append(worker)
                worker.wake.acquire()
                continue
            worker.turn = next(self._turns)
            call.run()
            self._done.append(call)
            # The loop would only compete with the calls that wait, so it is woken for them all (or by its tick). It
            # lowers the flag before it looks at what is done, so a raised flag means that it is still to look.
            if not self._is_told and not self._waiting:
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
        self._stuck = sum(worker.turn != 0 and worker.turn == worker.seen for worker in self._workers)
        for worker in self._workers:
            worker.seen = worker.turn
        cpu, head = time.process_time(), self._waiting[0] if self._waiting else None
        is_idling, is_computing = cpu - self._cpu < TICK * IDLING, cpu - self._cpu > TICK * COMPUTING
        if head and (is_idling or head is self._head):
            self._width = min(self._width + is_idling, self._limit)
            self._wake()
        elif is_computing and self._width > 1:
            self._width -= 1
        self._cpu, self._head = cpu, head
        self._is_ticking = bool(head) or self._n_awake() > 0
        if self._is_ticking:
            self._loop.call_later(TICK, self._tick)
