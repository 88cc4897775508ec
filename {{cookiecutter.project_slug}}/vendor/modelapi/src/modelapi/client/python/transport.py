"""HTTP by the standard library: connections that are kept, requests that are sent again when the API says when."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import count
from typing import NamedTuple
from urllib.parse import urlsplit

from .errors import ConnectError

Connect = Callable[[], http.client.HTTPConnection]
AGAIN = (429, 503)  # Which both say that nothing was done.
BLOCK = 65_536  # Bytes.


class Body(NamedTuple):
    """What is sent: a function that begins it, whether it can begin again, and its media type."""

    begin: Callable[[], bytes | Iterable[bytes]]
    is_repeatable: bool
    media_type: str


@dataclass(frozen=True)
class Response:
    """The head of an answer, and the connection that its body comes by."""

    status: int
    headers: Mapping[str, str]
    blocks: Iterator[bytes]
    close: Callable[[], None]

    def read(self) -> bytes:
        """Read the body, to its end."""
        return b"".join(self.blocks)


class Transport:
    """Sends requests to an address, from as many threads as you like."""

    def __init__(self, url: str, *, key: str | None, timeout: float, retries: int, longest_wait: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address of an API begins with http:// or https://, as http://localhost:8080")
        if not re.fullmatch("[ -~]*", key or ""):  # Others would show it in their errors.
            raise ValueError("a key has only printable characters of ASCII: .strip() it if it was read from a file")
        self._url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connect: Connect = partial(kind, parts.hostname, parts.port, timeout=timeout)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._retries = retries
        self._longest_wait = longest_wait
        self._idle: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def send(self, method: str, target: str, accept: str, body: Body | None = None) -> Response:
        """Send a request and, where the API asks for it and the body can begin again, once more after a while.

        Raises ConnectError and, if an answer is late or cut off, another OSError.
        """
        headers = {**self._headers, "Accept": accept, **({"Content-Type": body.media_type} if body else {})}
        for attempt in count():
            response = self._send(method, self._prefix + target, headers, body)
            is_last = attempt >= self._retries or not (body is None or body.is_repeatable)
            wait = seconds_of(response.headers.get("retry-after"), 0.5 * 2**attempt)
            if response.status not in AGAIN or is_last or wait > self._longest_wait:
                return response
            response.read()
            time.sleep(wait)
        raise AssertionError

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: Body | None) -> Response:
        while self._idle and (body is None or body.is_repeatable):
            connection = self._take()
            try:
                return self._exchange(connection, method, target, headers, body)
            except ConnectionError:  # The server has closed it meanwhile.
                connection.close()
        connection = self._open()
        try:
            return self._exchange(connection, method, target, headers, body)
        except BaseException:
            connection.close()
            raise

    def _open(self) -> http.client.HTTPConnection:
        connection = self._connect()
        try:
            connection.connect()
        except OSError as error:
            raise ConnectError(self._url, error.strerror or str(error)) from error
        return connection

    def _take(self) -> http.client.HTTPConnection:
        try:
            return self._idle.pop()
        except IndexError:  # Another thread was faster.
            return self._open()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body | None,
    ) -> Response:
        try:
            connection.request(method, target, body.begin() if body else None, headers)
        except (BrokenPipeError, ConnectionResetError):
            if connection.sock is None:
                raise
            # The server may have refused what it has not read to its end.
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, self._blocks(connection, answer), connection.close)

    def _blocks(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        """Read a body, and keep the connection if it came to its end. Raises ConnectionError if it did not."""
        is_whole = False
        try:
            while block := answer.read(BLOCK):
                yield block
            is_whole = not answer.length
        except http.client.IncompleteRead:
            pass
        finally:
            if not is_whole or answer.will_close:
                connection.close()
        if not is_whole:
            raise ConnectionError("the answer was cut off")
        if not answer.will_close:
            self._idle.append(connection)


def seconds_of(retry_after: str | None, otherwise: float) -> float:
    """Read a header Retry-After: seconds, or a date."""
    try:
        return max(0, int(retry_after or ""))
    except ValueError:
        pass
    try:
        return max(0, (parsedate_to_datetime(retry_after or "") - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return otherwise
