"""One line a request, in the format that is set."""

import asyncio
import gc
import json
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from modelapi.package import Package
from modelapi.serving.logs import configure_logs, get_logger

from tests.library.web import MakeClient, Record, newest


def test_a_request_is_one_json_line(
    make: MakeClient, current: Package, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make()
    capsys.readouterr()

    client.post("/predict", json=[record, record], headers={"X-Request-ID": "abc"})

    (line,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line)
    assert line["request_id"] == "abc"
    assert (line["method"], line["route"], line["status"], line["rows"]) == ("POST", "/predict", 200, 2)
    assert line["model_version"] == current.manifest.version
    assert line["duration_ms"] > 0


def test_a_path_that_matches_nothing_is_not_logged(make: MakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    client = make()
    capsys.readouterr()

    client.get("/someones-name")

    (line,) = (line for line in capsys.readouterr().out.splitlines() if '"request"' in line)
    assert json.loads(line)["route"] is None
    assert "someones-name" not in line


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [("POST", "/predict", 415, "/predict"), ("GET", "/nothing", 404, None), ("GET", "/health", 200, "/health")],
)
def test_a_line_names_the_route_that_answered(
    make: MakeClient, capsys: pytest.CaptureFixture[str], method: str, path: str, status: int, route: str | None
) -> None:
    make().request(method, path)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["status"], line["route"]) == (status, route)


def test_the_console_format_is_for_people(make: MakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    make(log_format="console").get("/health")

    assert "route=/health" in capsys.readouterr().out


def test_other_libraries_log_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    logging.getLogger("library").warning("%d is %s", 1, "one")

    get_logger().warning("1 is one")
    line, own = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["event"], json.loads(line)["logger"]) == ("1 is one", "library")
    assert line.startswith('{"event":"1 is one",')
    assert {**json.loads(own), "logger": "library"}.keys() == json.loads(line).keys()


@pytest.mark.parametrize(("level", "shown"), [("info", False), ("debug", True)])
def test_only_debug_shows_the_message_of_an_exception(
    level: str, shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(level, "json")

    try:
        raise ValueError("the message")
    except ValueError:
        get_logger().exception("failed")

    out = capsys.readouterr().out
    assert "ValueError" in out
    assert ("ValueError: the message" in out) is shown


def test_no_message_is_quoted_of_an_exception_that_nobody_handles(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    def fail() -> None:
        value = "of the client"
        raise ValueError(f"the value {value}")

    async def leave_a_task() -> None:
        asyncio.get_running_loop().call_soon(fail)
        task = asyncio.create_task(asyncio.to_thread(fail))
        await asyncio.wait([task])

    asyncio.run(leave_a_task())
    gc.collect()  # Only then it is sure that nobody asks for the end of the task.
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    out, err = capfd.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert sorted(line["event"] for line in lines) == [
        "unexpected error in a thread",
        "unexpected error outside of a request",
        "unexpected error outside of a request",
    ]
    assert all(line["error"] == "ValueError" and "in fail" in line["traceback"] for line in lines)
    assert "value of the client" not in out + err


def test_what_json_has_no_word_for_is_written_as_python_does(
    make: MakeClient, capsys: pytest.CaptureFixture[str]
) -> None:
    make()
    capsys.readouterr()

    newest().log_request({"owner": set})

    assert json.loads(capsys.readouterr().out)["owner"] == "<class 'set'>"


def test_no_line_is_lost_however_threads_take_turns(make: MakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    make()
    capsys.readouterr()
    log, interval = newest().log_request, sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: log({"number": number}), range(4_000)))
    finally:
        sys.setswitchinterval(interval)

    lines = capsys.readouterr().out.splitlines()
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(4_000))
