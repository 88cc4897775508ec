"""Read a Parquet file from standard input, behind a line that asks for columns, and write it as two Arrow streams.

The first has the schema, the second the rows. It runs in a process of its own, for a file can be made so that the
library that reads it takes all memory or aborts, and imports nothing of ours.
"""

import json
import shutil
import sys
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

MAX_MEMORY = 2_000_000_000  # Bytes of addresses, of which the libraries take a quarter.
MAX_SECONDS = 300  # Of a core.
MAX_BATCH = 50_000_000  # Bytes.
NO_PARQUET, NO_MEMORY, NO_ROOM = 1, 3, 4


def main() -> int:
    """Return why it cannot be read on, or 0."""
    with suppress(ImportError):
        import resource  # Which Windows has not.

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pyarrow as pa
    import pyarrow.parquet  # While nobody waits yet.

    pa.set_cpu_count(1)
    asked = sys.stdin.buffer.readline()
    if not asked:  # Nobody will ask any more.
        return 0
    try:
        file = TemporaryFile()  # noqa: SIM115 # It goes with this process.
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.seek(0)
    except OSError:
        return NO_ROOM
    try:
        convert(file, sys.stdout.buffer, **json.loads(asked))
        sys.stdout.buffer.flush()
    except MemoryError:
        return NO_MEMORY
    except (pa.ArrowException, OSError, UnicodeError, ValueError):
        return NO_PARQUET
    return 0


def convert(source: IO[bytes], output: IO[bytes], columns: list[str], rows: int) -> None:
    """Write the schema of a file, and batches of these of its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Read through a buffer, for a row group can be as large as the file.
    file = pq.ParquetFile(source, buffer_size=1_000_000, pre_buffer=False, coerce_int96_timestamp_unit="us")
    schema = file.schema_arrow
    pa.ipc.new_stream(output, schema).close()
    wanted = [name for name in columns if name in schema.names]
    stream: Any = None
    for batch in file.iter_batches(rows, columns=wanted, use_threads=False):
        stream = stream or pa.ipc.new_stream(output, batch.schema)
        size = max(1, len(batch) * MAX_BATCH // max(MAX_BATCH, batch.nbytes))
        for start in range(0, len(batch), size):
            stream.write_batch(batch.slice(start, size))
    (stream or pa.ipc.new_stream(output, pa.schema([schema.field(name) for name in wanted]))).close()


if __name__ == "__main__":
    sys.exit(main())
