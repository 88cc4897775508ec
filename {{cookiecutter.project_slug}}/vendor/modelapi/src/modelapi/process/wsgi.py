"""A request on its way to the framework: its body is read before, and its answer has to begin in time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from modelapi.serving.answers import Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.concurrency import Memory

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_late: set[asyncio.Task[None]] = set()
"""What goes on although its client was told that it took too long: a thread can not be stopped."""


class Passage:
    """The two ASGI channels of a request, between server and framework."""

    def __init__(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        self.size = 0
        """Bytes of the body that were read before."""
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._body: deque[Message] = deque()
        self._watch: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._time_is_over = asyncio.Event()
        self._has_begun = False

    async def read(self, limit: int, memory: Memory) -> None:
        """Read the body, up to a size; to refuse more is up to the framework. Raises Problem."""
        more = True
        while more and self.size <= limit:
            message = await self._receive()
            size = len(message.get("body", b""))
            memory.take(size)
            self.size += size
            self._body.append(message)
            more = message.get("more_body", False)
        self._start_timer()

    async def run(self, app: Application, scope: Scope) -> None:
        """Let the framework answer. Raises a 504 Problem if it does not begin to within REQUEST_TIMEOUT."""
        task = asyncio.ensure_future(app(scope, self._hand_over, self._take))
        waiting = asyncio.ensure_future(self._time_is_over.wait())
        try:
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            if self._has_begun or not self._time_is_over.is_set():
                return
            self._exchange.has_left = True  # What is not begun yet need not be done.
            _late.add(task)
            task.add_done_callback(_late.discard)
            raise Problem(504)
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            waiting.cancel()
            if self._watch:
                self._watch.cancel()
            if self._timer:
                self._timer.cancel()

    async def _hand_over(self) -> Message:
        message = self._body.popleft() if self._body else await self._receive()
        if not message.get("more_body") and not self._watch:  # This was the last of the body.
            self._watch = asyncio.create_task(self._watch_client())
            self._start_timer()
        return message

    def _start_timer(self) -> None:
        if not self._timer:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._exchange.service.settings.request_timeout, self._time_is_over.set)

    async def _watch_client(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._exchange.has_left = True

    async def _take(self, message: Message) -> None:
        if self._time_is_over.is_set() and not self._has_begun:
            return  # The client has got its answer.
        self._has_begun = True
        if self._timer:
            self._timer.cancel()
        await self._send(message)
