"""How many files a process may have open, of which connections are some."""

import resource
import sys

from modelapi.settings import SettingsError

RESERVE = 64  # Of what is no connection; a worker begins with 35, a supervisor with 20 and 3 for each worker.
SHARE = 8  # One in so many is left to the owner's own connections and files, if that is more.


def check_open_files(workers: int) -> None:
    """Raise SettingsError if this process may not have as many files open as a server needs."""
    least = 2 * RESERVE + 4 * workers
    if max_open_files() < least:
        raise SettingsError(
            f"a process may have {max_open_files()} files open here, and {workers} workers need {least}: "
            "allow 1024 (ulimit -n 1024), or set WORKERS to fewer"
        )


def max_connections() -> int:
    """Say how many connections a worker may have, so that there are files left for all else."""
    return max_open_files() - reserve()


def reserve() -> int:
    """Say how many files are for what is no connection."""
    return max(RESERVE, max_open_files() // SHARE)


def max_open_files() -> int:
    """Ask the system."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
