"""HTTP/1.1 by uvicorn, with limits on what a client may send and how slowly, and refusals in problem+json."""

import asyncio
from collections.abc import Sized
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from modelapi.serving.answers import TITLES, Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.service import Service

MAX_URL = 8_192  # Bytes.
MAX_HEAD = 32_768  # Bytes of names and values of headers.
MAX_HEADERS = 100
MAX_PIPELINE = 1_000  # Requests that wait on one connection; what is read at once may hold as many.
VERSIONS = ("1.0", "1.1")
OF_UPGRADE = (b"upgrade", b"http2-settings")
LINGER = 1.0  # Seconds in which a client may read the last answer, while what it still sends is thrown away.
LAST_WORDS = 20  # Connections over the limit that are refused in words; these need files too, for a moment.
MIN_BODY = 10_000  # Bytes of a body that are to come in each CLIENT_TIMEOUT.


class _Flow(FlowControl):
    """Reads no more while requests wait for the one before them to be answered."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Go on reading, if nothing waits."""
        if not self._waiting:
            super().resume_reading()


class _Transport:
    """A transport that is not closed at once while the client sends: the kernel would throw the answer away."""

    def __init__(self, transport: asyncio.Transport, protocol: "Protocol") -> None:
        self.write = transport.write
        self.abort = transport.abort
        self._transport = transport
        self._protocol = protocol
        self._lingers = False

    def is_closing(self) -> bool:
        """Tell whether nothing more is to be said or heard."""
        return self._lingers or self._transport.is_closing()

    def close(self) -> None:
        """Close, but let the client read first if it has not sent all of its request yet."""
        cycle = self._protocol.cycle
        if cycle and cycle.more_body and not self.is_closing():
            self.linger()
        else:
            self._transport.close()

    def linger(self) -> None:
        """Say no more and hear no more, and close when the client does so, or soon."""
        self._lingers = True
        self._protocol.flow.resume_reading()
        self._transport.write_eof()
        self._protocol.loop.call_later(LINGER, self._transport.close)


class _RefusedError(Exception):
    """A head that is well-formed, but not to be served."""


class Protocol(HttpToolsProtocol):
    """One connection.

    A head must be there within CLIENT_TIMEOUT; of a body, 10 KB must come in each such time; and a client that takes
    nothing of its answer for as long is cut off. The server asks once a second (`check`).
    """

    def __init__(self, *, service: Service, most: int, **uvicorn: Any) -> None:
        """Take how many connections this process may have as `most`."""
        super().__init__(**uvicorn)
        self._service = service
        self._most = most
        self._refusal = Problem(400)
        self._is_last = False
        """Whether what was read last is refused, so that nothing after it is answered."""
        self._is_upgrade = False
        self._received = 0
        self._has_begun = False
        self._head_since: float | None = None
        self._body_since: float | None = None
        self._body_received = 0
        self._unread_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._ending = _Transport(transport, self)
        self.transport = self._ending  # type: ignore[assignment]
        self._head_since = self.loop.time()
        over = len(self.connections) - self._most
        if over > LAST_WORDS:
            transport.abort()
        elif over > 0:
            self._refusal = too_many_connections()
            self.send_400_response("")

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        if self.transport.is_closing():
            return
        self._received += len(data)
        while data and not self._is_last:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._stay(data[upgrade.args[0] :])
            except httptools.HttpParserError:
                self.send_400_response("")
        if len(self.headers or ()) > MAX_HEADERS or (self._head_since and self._received > MAX_HEAD + MAX_URL):
            self._refuse(431)  # Also for trailers, of which there may be no end.

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._received = 0
        self._has_begun = True
        self._head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Hand the request to the application, if its head is one to be served."""
        self._is_upgrade = self.parser.should_upgrade()
        if self._is_upgrade:
            return
        refused = self._fault()
        if refused:
            self._refusal = Problem(refused)
            raise _RefusedError  # Which ends the parser.
        # A name with an underscore would pose as one with a hyphen in WSGI, and to what is in front of us as another.
        self.headers[:] = [header for header in self.headers if b"_" not in header[0]]
        super().on_headers_complete()
        self.headers = []  # The scope has them; what comes now is trailers, which are not to be mixed with them.
        self._head_since = None
        self._body_since = self.loop.time()
        self._body_received = self._received
        if self._service.is_closing:
            self.cycle.keep_alive = False
        if self.cycle.waiting_for_100_continue:
            _close_unless_read(self.cycle)

    def _fault(self) -> int | None:
        """Find the status with which a head is refused."""
        version = self.parser.get_http_version()
        if version not in VERSIONS:
            return 505
        if len(self.url) > MAX_URL:
            return 414
        names = [name for name, _ in self.headers]
        if len(names) > MAX_HEADERS or sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            return 431
        hosts = names.count(b"host")
        is_ambiguous = (
            (hosts != 1 and (hosts or version == "1.1"))
            or names.count(b"content-type") > 1
            or (b"transfer-encoding" in names and not self._is_chunked(version))
        )
        return 400 if is_ambiguous or len(self.pipeline) >= MAX_PIPELINE else None

    def _is_chunked(self, version: str) -> bool:
        """Tell whether what is said of the transfer of the body is no more than that it comes in chunks."""
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        return version == "1.1" and set(codings) == {b"chunked"}

    def on_message_complete(self) -> None:
        """End a request, whose answer may be still to come."""
        if not self._is_upgrade:
            self._has_begun = False
            self._body_since = None
            super().on_message_complete()

    def _stay(self, rest: bytes) -> bytes:
        """Write a request that asks for another protocol as if it had not, and what follows; Java's client asks so."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(400)
            return b""
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            kept = _without_upgrade(value) if name == b"connection" else value
            if name not in OF_UPGRADE and kept:
                lines.append(b"%s: %s" % (name, kept))
        self.parser = httptools.HttpRequestParser(self)
        return b"\r\n".join([*lines, b"", b""]) + rest

    def on_response_complete(self) -> None:
        """Go on with the next request, if there may be one."""
        is_newest = not self.pipeline  # The next one begins here.
        super().on_response_complete()
        if self._is_last and is_newest and not self.transport.is_closing():
            self._answer_refusal()

    def pause_writing(self) -> None:
        """Note that the client is behind with reading."""
        super().pause_writing()
        self._unread_since = self.loop.time()

    def resume_writing(self) -> None:
        """Note that the client has read."""
        super().resume_writing()
        self._unread_since = None

    def close_after_answer(self) -> None:
        """Let the answer that is under way say that it is the last on this connection."""
        if self.cycle and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close the connection as soon as nothing is under way on it."""
        if self._head_since is None or not self._has_begun:
            super().shutdown()

    def check(self, now: float) -> None:
        """Give up a client that is too slow."""
        limit = self._service.settings.client_timeout
        if self._unread_since and now - self._unread_since > limit:
            self.transport.abort()
        elif self.flow.read_paused or (self.cycle and self.cycle.waiting_for_100_continue):  # It is we who are slow.
            self._head_since, self._body_since = self._head_since and now, self._body_since and now
        elif self._head_since and now - self._head_since > limit:
            if self._has_begun:
                self._refuse(408)
            else:
                self.transport.close()
        elif self._body_since and now - self._body_since > limit:
            if self._received - self._body_received < MIN_BODY:
                self._refuse(408)
            self._body_since, self._body_received = now, self._received

    def _refuse(self, status: int) -> None:
        self._refusal = Problem(status)
        self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's text)
        """Answer what is no HTTP, or no head to be served, and close; what came before it is answered first."""
        if self._is_last or self.transport.is_closing():
            return
        self._is_last = True
        self._head_since = self._body_since = None
        newest = self.cycle
        if self.pipeline:
            if newest.more_body:
                self.pipeline.popleft()  # It is the malformed one.
        elif newest and newest.more_body:
            newest.disconnected = True
            newest.message_event.set()
            self._answer_refusal(is_answered=newest.response_started)
        elif newest is None or newest.response_complete:
            self._answer_refusal()

    def _answer_refusal(self, *, is_answered: bool = False) -> None:
        if is_answered:
            self.transport.close()
            return
        exchange = Exchange(None, self._service)
        answer = self._refusal.answer(exchange.request_id)
        headers = {**answer.headers, **exchange.headers, "Connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        assert isinstance(answer.body, bytes)
        self.transport.write(f"HTTP/1.1 {answer.status} {TITLES[answer.status]}\r\n{head}\r\n".encode() + answer.body)
        self._ending.linger()
        exchange.finish("", answer.status)


def too_many_connections() -> Problem:
    """Say that there are as many connections as files may be open."""
    return Problem(503, "there are too many connections: try again later", headers={"Retry-After": "1"})


def _close_unless_read(cycle: RequestResponseCycle) -> None:
    """Let an answer to a head that announces a body be the last, if nobody has asked for the body.

    Its client may send the body all the same, or not: what comes next could be either (RFC 9110, 10.1.1).
    """
    send = cycle.send

    async def send_or_close(message: Any) -> None:
        if message["type"] == "http.response.start" and cycle.waiting_for_100_continue:
            cycle.keep_alive = False
        await send(message)

    cycle.send = send_or_close  # type: ignore[method-assign] # uvicorn looks it up when it calls the application.


def _without_upgrade(options: bytes) -> bytes:
    """Take the options that are about an upgrade out of a Connection header."""
    return b", ".join(
        option.strip() for option in options.split(b",") if option.strip().lower() not in (*OF_UPGRADE, b"")
    )
