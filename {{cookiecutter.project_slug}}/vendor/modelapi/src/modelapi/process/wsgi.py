"""A WSGI application below the event loop: bodies are read and answers sent in the loop, views run in threads."""

import asyncio
import io
import itertools
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from typing import IO, Any

from modelapi.process.environ import build_environ
from modelapi.process.threads import Threads
from modelapi.serving.answers import JSON, Problem
from modelapi.serving.concurrency import Held, Limiter, Memory
from modelapi.serving.guard import PROBLEM
from modelapi.serving.options import EXPLAIN
from modelapi.serving.predicting import LARGE_BODY, TABLES
from modelapi.serving.service import Service

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

THREADS = 40
PREDICT = "/predict"  # How the paths end to which the limits on predictions apply.
PIECE = 65_536  # Bytes; an answer of up to so many is sent in one piece.


class Disconnected(OSError):
    """The client has gone: reading or writing further makes no sense."""


class WsgiBridge:
    """An ASGI application that runs one of WSGI in threads, which are started as they are needed."""

    def __init__(self, app: WsgiApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._threads: Threads | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._threads is None:
            self._threads = Threads(THREADS, asyncio.get_running_loop())
        call = Call(build_environ(scope), receive, send, self._service.limits.memory)
        limiter: Limiter | None = None
        try:
            try:
                limiter = await self._prepare(call)
            except Problem as problem:  # For the application to answer, as it answers all else.
                call.environ[PROBLEM] = problem
            await self._threads.run(partial(call.run, self._app))
            await call.send_piece(call.body, more=False)
        except Disconnected:
            pass
        finally:
            call.end()
            call.input.held.give_back()
            if limiter:
                limiter.release()

    async def _prepare(self, call: "Call") -> Limiter | None:
        """Wait for a body, and for the turn of a prediction, so that no thread has to. Raises Problem."""
        settings, limits = self._service.settings, self._service.limits
        media_type = call.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        size, limiter = int(call.environ.get("CONTENT_LENGTH") or 0), limits.tables
        predicts = call.environ["PATH_INFO"].endswith(PREDICT)
        if media_type not in TABLES:
            is_large = size > LARGE_BODY or EXPLAIN in call.environ["QUERY_STRING"]
            limiter = limits.large if is_large else limits.small
            # What will be refused is not read, for a client with "Expect: 100-continue" would be asked to send it.
            if size <= settings.max_body_bytes and (media_type == JSON or not predicts):
                await call.input.read_ahead(settings.max_body_bytes)
        call.environ["wsgi.input"] = call.input.open()
        if not predicts:
            return None
        if limiter.is_free:
            await limiter.acquire()
            return limiter
        try:
            async with asyncio.timeout(settings.request_timeout):
                await limiter.acquire()
        except TimeoutError:
            raise Problem(504) from None
        return limiter


class Body(io.RawIOBase):
    """The body of a request, read ahead in the loop or piece by piece as the view asks for it."""

    def __init__(self, receive: Receive, memory: Memory, *, is_empty: bool) -> None:
        self.held = Held(memory)
        """Bytes that were read ahead."""
        self.has_more = not is_empty
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._pieces = b""

    async def read_ahead(self, limit: int) -> None:
        """Read up to a size; to refuse more is up to the application. Raises a 503 Problem if memory is short."""
        pieces = []
        while self.has_more and self.held.size <= limit:
            piece = await self._next()
            self.held.take(len(piece))
            pieces.append(piece)
        self._pieces = b"".join(pieces)

    def open(self) -> IO[bytes]:
        """Return what a view reads: from memory, if all is there."""
        return io.BufferedReader(self, PIECE) if self.has_more else io.BytesIO(self._pieces)

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        self.has_more = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, or as much of it as there is; while nobody asks, the server reads no more."""
        while self.has_more and not self._pieces:
            self._pieces = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        size = min(len(buffer), len(self._pieces))
        buffer[:size], self._pieces = self._pieces[:size], self._pieces[size:]
        return size


class Call:
    """One request on its way through a thread, and its answer."""

    def __init__(self, environ: dict[str, Any], receive: Receive, send: Send, memory: Memory) -> None:
        self.environ = environ
        is_empty = environ.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environ
        self.input = Body(receive, memory, is_empty=is_empty)
        environ["wsgi.input"] = io.BytesIO()
        self.body = b""
        """The whole answer, or what is left of it at the end."""
        self._watch: asyncio.Task[None] | None = None
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._start: Message | None = None
        self._has_started = False

    def end(self) -> None:
        """Look no longer whether the client leaves."""
        if self._watch:
            self._watch.cancel()

    def run(self, app: WsgiApp) -> None:
        """Run the application, in a thread."""
        answer = app(self.environ, self._start_response)
        try:
            self._take(answer)
        finally:
            if close := getattr(answer, "close", None):
                close()

    def _start_response(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[..., None]:
        """Keep status and headers until there is a body to send with them, as PEP 3333 asks."""
        if error and self._has_started:
            raise error[1].with_traceback(error[2])
        if self._start and not error:
            raise RuntimeError("start_response was called twice")
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._start = {"type": "http.response.start", "status": int(status[:3]), "headers": encoded}
        return self._write

    def _take(self, answer: Iterable[bytes]) -> None:
        """Keep an answer that is all there for the one hand-over at the end, and stream any other."""
        pieces = iter(answer)
        first = next(pieces, b"")
        size = (b"content-length", str(len(first)).encode())
        if self._start and not self._has_started and size in self._start["headers"]:
            self.body = first + b"".join(pieces)  # The rest is empty, but what a generator does after it is to be done.
            return
        for piece in itertools.chain((first,), pieces):
            if piece:
                self._write(piece)

    def _write(self, piece: bytes) -> None:
        """Send a piece from the thread and wait, so that the view makes no more than the client takes."""
        asyncio.run_coroutine_threadsafe(self.send_piece(piece, more=True), self._loop).result()

    async def send_piece(self, piece: bytes, *, more: bool) -> None:
        """Send a piece of the body, the headers first."""
        if self._start is None:
            raise RuntimeError("the application did not call start_response")
        if not self._has_started:
            self._has_started = True
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})
        if more and not self._watch and not self.input.has_more:
            # Servers ignore what is sent to a client that has gone, and a view could stream on for ever.
            self._watch = self._loop.create_task(self._disconnect())
        if more and self._watch and self._watch.done():
            raise Disconnected

    async def _disconnect(self) -> None:
        """Return when the client has gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
