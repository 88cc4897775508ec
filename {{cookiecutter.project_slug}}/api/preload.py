"""What all workers have in common, imported once by the process from which they are forked.

So they start in a fraction of the time, and share the memory of all this. The model is not among it: the threads of
ONNX Runtime and OpenMP would not survive the fork.
"""

import gc
import os
import signal
from contextlib import suppress

# The process that checks the start says what is wrong; this one may come upon it first, or find the other gone.
with suppress(OSError, ValueError):
    import api.uvicorn_server  # noqa: F401 (and with it the framework and the routes)
    from api.settings import load_settings
    from model import package
    from model.engines import engine_module

    engine_module(package.read_manifest(package.current(load_settings().model_dir)).engine)

# A signal to all processes at once must not end the one through which the server waits for its workers.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
gc.collect()
gc.freeze()  # Or the collector would touch, and so copy, each page.
