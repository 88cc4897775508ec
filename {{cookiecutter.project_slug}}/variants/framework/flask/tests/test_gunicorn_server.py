"""What gunicorn could not hand to the application is answered by our worker."""

import socket

import pytest
from gunicorn.http.errors import InvalidRequestLine

from api.app import create_app
from api.gunicorn_server import Worker


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidRequestLine("a secret"), b"400 Bad Request"), (ValueError("a secret"), b"500 Internal Server Error")],
)
def test_only_what_is_no_http_is_the_clients_fault(
    error: Exception, status: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = Worker.__new__(Worker)
    worker.wsgi = create_app()
    server, client = socket.socketpair()
    with server, client:
        worker.handle_error(None, server, None, error)
        server.shutdown(socket.SHUT_WR)
        answer = client.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert b"application/problem+json" in answer
    assert b"a secret" not in answer
    assert "a secret" not in capsys.readouterr().out
