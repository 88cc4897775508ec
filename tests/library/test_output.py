"""What cannot be written to the standard output is lost, and counted, and stops nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")


def run(code: str, redirection: str, *handles: int) -> "subprocess.CompletedProcess[str]":
    """Run code whose standard output goes elsewhere; what it writes to standard error is returned."""
    command = ["sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, code]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=300, pass_fds=handles)


@needs_full
def test_print_and_the_end_of_the_process_go_on_and_lines_are_counted() -> None:
    code = """
import sys
from modelapi.serving import output
lost = []
output.on_loss.append(lost.append)
output.protect_outputs()
print("one")
print("two", "three", sep="\\n")
output.Output().write(b"four\\n")
output.end_outputs()
print(sum(lost), file=sys.stderr)
"""

    done = run(code, "> /dev/full")

    assert (done.returncode, done.stderr) == (0, "4\n")


def test_who_does_not_read_keeps_nobody_waiting_and_the_end_neither() -> None:
    code = """
import sys
from modelapi.serving import output
lost = []
output.on_loss.append(lost.append)
output.protect_outputs()
for _ in range(3_000):
    print("x" * 999)
print(sum(lost) > 1_000, file=sys.stderr)
"""

    read, write = os.pipe()
    done = run(code, f"> /dev/fd/{write}", write)
    os.close(read)
    os.close(write)

    assert (done.returncode, done.stderr) == (0, "True\n")


def test_all_is_written_at_the_end_also_of_a_fork() -> None:
    code = """
import os
from modelapi.serving.output import end_outputs, protect_outputs
protect_outputs()
for number in range(1_000):
    print(number)
if not os.fork():
    print("child")
    end_outputs()
    os._exit(0)
os.wait()
print("end")
"""

    done = run(code, ">&2")

    lines = done.stderr.splitlines()
    assert sorted(lines) == sorted([*map(str, range(1_000)), "child", "end"])
    assert [line for line in lines if line != "child"] == [*map(str, range(1_000)), "end"]


@needs_full
def test_lines_of_the_log_are_lost_under_any_server() -> None:
    code = """
import os, sys
from modelapi.serving import output
from modelapi.serving.logs import configure_logs, get_logger, request_logger
lost = []
output.on_loss.append(lost.append)
for form in ("json", "console"):
    configure_logs("info", form)
    get_logger().info("one")
    request_logger("info", form)({"status": 200})
sys.stderr.write(f"{sum(lost)}")
sys.stderr.flush()
os._exit(0)
"""

    done = run(code, "> /dev/full")

    assert (done.returncode, done.stderr) == (0, "4")


def test_nothing_that_is_opened_later_takes_the_place_of_a_closed_output() -> None:
    code = """
import os, sys
from modelapi.serving.output import protect_outputs
protect_outputs()
print("one")
sys.stderr.write(str(os.open(os.devnull, os.O_RDONLY) > 2))
"""

    done = run(code, ">&-")

    assert (done.returncode, done.stderr) == (0, "True")
