"""What is measured of a running server."""

import http.client
import json
import resource
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.build import BENCH, BenchError
from benchmarks.processes import cpu_seconds, folder_size, memory, settle
from benchmarks.session import Session, post

JSON = "application/json"
CONNECTIONS = 16
LOADS = (("one", 1, CONNECTIONS), ("hundred", 100, CONNECTIONS), ("thousand", 1_000, CONNECTIONS), ("alone", 1, 1))
WARM_SECONDS = 1
HEALTH_SECONDS = 5
TABLE_ROWS = (1_000, 10_000, 100_000)
SPARE_SECONDS = 90  # For what is under way when the time of a load is over.
SCRIPT = """
local bodies, requests, turn = {%s}, {}, 0
wrk.headers["Content-Type"] = "%s"
function init()
  for number, body in ipairs(bodies) do requests[number] = wrk.format("POST", nil, nil, body) end
  requests[1] = requests[1] or wrk.format("GET")
end
function request()
  turn = turn %% #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "failed": %%d, "broken": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""

Figures = dict[str, float]


@contextmanager
def wrk(
    session: Session, bodies: list[bytes], seconds: int, connections: int = CONNECTIONS, media_type: str = JSON
) -> Iterator[Figures]:
    """Send the bodies in turn over some connections, or greet; the figures are there at the end. Raises BenchError."""
    script = BENCH / "load.lua"
    script.write_text(SCRIPT % (", ".join(f"[==[{body.decode()}]==]" for body in bodies if body), media_type))
    url = f"http://127.0.0.1:{session.port}{session.server.path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={SPARE_SECONDS}s", "--latency"]
    process = subprocess.Popen([*command, f"--script={script}", url], stdout=subprocess.PIPE, text=True)
    figures: Figures = {}
    try:
        yield figures
        printed = process.communicate(timeout=seconds + SPARE_SECONDS)[0]
    finally:
        process.kill()
        process.wait()
    figures |= json.loads(printed.splitlines()[-1])
    if not figures["requests"]:
        raise BenchError(f"no answer came in {seconds} s")
    if figures["failed"] or figures["broken"]:
        raise BenchError("{failed:g} of {requests:g} answers were errors, {broken:g} did not come".format_map(figures))


def load(session: Session, rows: int, seconds: int, connections: int = CONNECTIONS) -> Figures:
    """Load a server with requests of so many rows; requests a second and milliseconds. Raises BenchError."""
    bodies = [session.body(rows, first) for first in range(0, 100, 1 if rows == 1 else 25)]
    server, client = cpu_seconds(session.process), _children()
    with wrk(session, bodies, seconds, connections) as done:
        pass
    return {
        "rate": done["requests"] / done["seconds"],
        "p50": done["p50"],
        "p99": done["p99"],
        "cpu": (cpu_seconds(session.process) - server) / done["requests"] * 1e6,
        "client": (_children() - client) / done["seconds"] * 100,
    }


def health(session: Session, media_type: str) -> Figures:
    """Ask for /health all the time while four clients send tables of 100,000 rows; milliseconds. Raises BenchError."""
    names = ("Age", "Sex", "Embarked")
    lines = [",".join(str(record[name]) for name in names) for record in session.records]
    table = "\n".join([",".join(names), *lines * (TABLE_ROWS[-1] // len(lines)), ""]).encode()
    body = session.body(TABLE_ROWS[-1]) if media_type == JSON else table
    times = []
    with wrk(session, [body], HEALTH_SECONDS + 2, 4, media_type):
        time.sleep(1)  # Until tables are under way.
        connection = http.client.HTTPConnection("127.0.0.1", session.port, timeout=SPARE_SECONDS)
        deadline = time.perf_counter() + HEALTH_SECONDS
        while (started := time.perf_counter()) < deadline:
            connection.request("GET", "/health")
            response = connection.getresponse()
            response.read()
            times.append((time.perf_counter() - started) * 1e3)
            if response.status != 200:
                raise BenchError(f"/health answers {response.status}")
            time.sleep(0.005)
        connection.close()
    times.sort()
    return {"p99": times[int(len(times) * 0.99)], "max": times[-1]}


def row_microseconds(session: Session, rows: int, seconds: int) -> float:
    """Time requests of so many rows, one after the other, and return the median for a row. Raises BenchError."""
    body, times = session.body(rows), list[float]()
    deadline = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < deadline:
        started = time.perf_counter()
        post(session.port, session.server.path, body)
        times.append((time.perf_counter() - started) / rows * 1e6)
    return statistics.median(times)


def measure(session: Session, measures: tuple[str, ...], seconds: int) -> Figures:
    """Take all figures of a server that has just started, by name. Raises BenchError."""
    figures: Figures = {}

    def note(prefix: str, more: Figures) -> None:
        figures.update({f"{prefix} {name}": value for name, value in more.items()})

    for name, rows, connections in LOADS:
        if name in measures:
            load(session, rows, WARM_SECONDS, connections)
            note(name, load(session, rows, seconds, connections))
    if "rows" in measures:
        row_microseconds(session, TABLE_ROWS[0], WARM_SECONDS)
        note("row", {f"{rows}": row_microseconds(session, rows, seconds) for rows in TABLE_ROWS})
    if "health" in measures:
        note("csv", health(session, "text/csv"))
        note("json", health(session, JSON))
    settle(session.process)
    return figures | {"memory": memory(session.process), "disk": folder_size(session.server.environment)}


def _children() -> float:
    """Return the CPU seconds of the load generator's runs, the only children that end meanwhile."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
