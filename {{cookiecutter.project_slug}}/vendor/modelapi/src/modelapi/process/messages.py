"""What a worker and its supervisor tell each other."""

# A worker tells that it serves, that it still does, that it has worked enough, or why it cannot begin …
READY, ALIVE, RECYCLE, FAILED = b"ready", b"alive", b"recycle", b"failed "
# … and the supervisor that no more is to come, or that a successor takes what comes.
STOP, RETIRE = b"stop", b"retire"

LONGEST = 2_000  # Bytes.
MARGIN = 0.5  # Seconds of the time to stop that are left to the supervisor to kill what did not end.
