"""A worker process, and what it and its supervisor tell each other."""

import signal
import socket
from contextlib import suppress
from multiprocessing.connection import Connection

# What a worker tells its supervisor …
READY, ALIVE, TIRED = b"ready", b"alive", b"tired"
# … and the supervisor to it: no more is to come, or a successor takes what comes.
STOP, RETIRE = b"stop", b"retire"

MARGIN = 0.5  # Seconds of the time to stop that are left to whoever started the workers to kill what did not end.


def main(listener: socket.socket, connection: Connection) -> None:
    """Serve connections of this socket until told to stop."""
    told: list[bytes] = []
    for number in (signal.SIGTERM, signal.SIGINT):  # A second one changes nothing.
        signal.signal(number, lambda _number, _frame: told.append(STOP))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def tell(message: bytes) -> None:
        with suppress(OSError):  # The supervisor has died, which `hear` notices.
            connection.send_bytes(message)

    def hear() -> bytes | None:
        try:
            while connection.poll():
                told.append(connection.recv_bytes(16))
        except (EOFError, OSError):
            told.append(STOP)
        return told[0] if told else None

    from modelapi.settings import load_settings
    from modelapi.process.server import Server

    Server(load_settings(), tell, hear).run([listener])
