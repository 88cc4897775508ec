"""A worker process."""

import signal
import socket
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from modelapi.process.messages import FAILED, LONGEST, STOP
from modelapi.project import Project


def main(listener: socket.socket, connection: Connection, project: Project, *, is_first: bool) -> None:
    """Serve connections of this socket until told to stop.

    is_first : whether no worker has served yet, so that one without a model need not try to.
    """
    told: list[bytes] = []
    for number in (signal.SIGTERM, signal.SIGINT):  # A second one changes nothing.
        signal.signal(number, lambda _number, _frame: told.append(STOP))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def tell(message: bytes) -> None:
        with suppress(OSError):  # The supervisor has died, which `hear` notices.
            connection.send_bytes(message[:LONGEST])

    def hear() -> bytes | None:
        try:
            while connection.poll():
                told.append(connection.recv_bytes(LONGEST))
        except (EOFError, OSError):
            told.append(STOP)
        return told[0] if told else None

    from modelapi.process.server import Server
    from modelapi.process.target import load_target
    from modelapi.serving.tracing import tracing

    # While tables are predicted in threads, the event loop is to get the GIL five times as soon as by default.
    sys.setswitchinterval(0.001)
    target = load_target(project)
    if is_first and (reason := target.extension.service.refusal()):
        tell(FAILED + reason.encode())
        return
    Server(target, tell, hear).run([listener])
    tracing.stop()
