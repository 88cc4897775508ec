"""The server process: a supervisor, its workers, and HTTP/1.1 with limits on what a client may send."""
