"""Read the Parquet file at standard input, and write it as two Arrow streams: its schema, and its rows.

It runs in a process of its own, for a file can be made so that the library that reads it takes all memory or aborts. It
imports nothing of ours: python parquet_child.py ROWS COLUMN…
"""

import sys
from contextlib import suppress
from typing import Any

MAX_MEMORY = 2_000_000_000  # Bytes of addresses, of which the libraries take a quarter.
MAX_SECONDS = 300  # Of a core.
MAX_BATCH = 50_000_000  # Bytes.
NO_PARQUET, NO_MEMORY = 1, 3


def main(n_rows: int, names: list[str]) -> int:
    """Return why it cannot be read on, or 0."""
    with suppress(ImportError):
        import resource  # Which Windows has not.

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    try:
        # Read through a buffer, for a row group can be as large as the file.
        file = pq.ParquetFile(
            sys.stdin.buffer, buffer_size=1_000_000, pre_buffer=False, coerce_int96_timestamp_unit="us"
        )
        schema = file.schema_arrow
        pa.ipc.new_stream(sys.stdout.buffer, schema).close()
        wanted = [name for name in names if name in schema.names]
        n_rows = max(1, min(n_rows, n_rows * 100 // max(1, len(schema.names))))
        stream: Any = None
        for batch in file.iter_batches(n_rows, columns=wanted or None, use_threads=False):
            stream = stream or pa.ipc.new_stream(sys.stdout.buffer, batch.schema)
            size = max(1, len(batch) * MAX_BATCH // max(MAX_BATCH, batch.nbytes))
            for start in range(0, len(batch), size):
                stream.write_batch(batch.slice(start, size))
        (stream or pa.ipc.new_stream(sys.stdout.buffer, schema)).close()
        sys.stdout.buffer.flush()
    except MemoryError:
        return NO_MEMORY
    except (pa.ArrowException, OSError, UnicodeError, ValueError):
        return NO_PARQUET
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
