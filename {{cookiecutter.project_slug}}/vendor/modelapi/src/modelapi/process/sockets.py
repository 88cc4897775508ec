"""Listening sockets: one for each worker, and how they begin to refuse."""

import ctypes
import socket
import struct
import sys
from contextlib import suppress


def listen(host: str, port: int, number: int) -> list[socket.socket]:
    """Make as many sockets of one address, over which the kernel spreads connections; only Linux does that."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    if sys.platform != "linux":
        return [socket.create_server(address[:2], family=family, backlog=2048)] * number
    is_dual = address[0] == "::"  # All addresses, those of IPv4 too.
    return [
        socket.create_server(address[:2], family=family, backlog=2048, reuse_port=True, dualstack_ipv6=is_dual)
        for _ in range(number)
    ]


def refuse_new(listener: socket.socket) -> None:
    """Let a listening socket make no new connections, but finish those that are being made.

    A connection that is made in the moment between the last look and the close of the socket would be reset. So
    Linux is told to drop what asks for new ones (a classic BPF program: drop segments of TCP with the flag SYN).
    """
    drop_syn = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in drop_syn))
    with suppress(OSError):  # Elsewhere, and in some sandboxes, there is no such thing.
        listener.setsockopt(
            socket.SOL_SOCKET, getattr(socket, "SO_ATTACH_FILTER", 26), struct.pack("HP", 4, ctypes.addressof(code))
        )
