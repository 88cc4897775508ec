"""How many cores there are, where the system tells nothing of them: joblib says so at length, but only once."""

import warnings
from contextlib import suppress
from functools import cache

import joblib


@cache
def count_quietly() -> None:
    """Let joblib look for the physical cores, so that it counts the logical ones from then on and says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Which also keeps it from printing a traceback.
        with suppress(UserWarning):
            joblib.cpu_count(only_physical_cores=True)
