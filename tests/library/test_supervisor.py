"""What the supervisor does when the system fails it; test_server.py tries the rest with real processes."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from modelapi.process import supervisor
from modelapi.process.messages import FAILED, READY, RECYCLE, RETIRE
from modelapi.process.supervisor import Supervisor, Worker
from modelapi.project import Project
from modelapi.serving.settings import Settings

from tests.library.web import SECONDS

Supervising = tuple[Supervisor, Worker, Connection]


@pytest.fixture
def process() -> Iterator[BaseProcess]:
    sleeping = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    sleeping.start()
    yield sleeping
    sleeping.kill()
    sleeping.join()


@pytest.fixture
def supervising(process: BaseProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Supervising]:
    """A supervisor of one worker, and what that worker would send by."""
    monkeypatch.setattr(supervisor, "listen", lambda *_: [])
    made = Supervisor(Settings(workers=1), Project(tmp_path, "pets"))
    ours, theirs = multiprocessing.Pipe()
    one = Worker(0, process, ours, time.monotonic(), is_ready=True)
    made._workers.add(one)
    yield made, one, theirs
    for end in (ours, theirs, made._signals, made._wakeup):
        end.close()


def test_a_worker_that_says_nothing_is_killed(supervising: Supervising) -> None:
    made, one, _ = supervising
    one.heard -= supervisor.SILENCE + 1

    made._note_pause()
    made._kill_silent()
    one.process.join(20)

    assert not one.process.is_alive()


@pytest.mark.parametrize(
    ("was_ready", "first_took", "is_killed"), [(True, 1, True), (True, 60, False), (False, 0, False)]
)
def test_a_start_that_hangs_is_killed_but_not_one_that_takes_long_here(
    supervising: Supervising, was_ready: bool, first_took: float, is_killed: bool
) -> None:
    made, one, theirs = supervising
    if was_ready:
        one.heard -= first_took
        theirs.send_bytes(READY)
        made._listen(SECONDS)
    one.is_ready = False
    one.heard -= supervisor.SILENCE + 1

    made._kill_silent()
    one.process.join(20 if is_killed else 0.5)

    assert one.process.is_alive() is not is_killed


def test_a_pause_of_all_is_no_silence(supervising: Supervising) -> None:
    made, one, _ = supervising
    one.heard -= supervisor.SILENCE + 1
    made._turned -= supervisor.SILENCE + 1

    made._note_pause()
    made._kill_silent()
    one.process.join(0.5)

    assert one.process.is_alive()


def test_a_worker_that_cannot_be_started_is_tried_again_later(
    supervising: Supervising, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _, _ = supervising
    made._sockets = [None]  # type: ignore[list-item]

    def fail(_process: BaseProcess) -> None:
        raise BlockingIOError

    monkeypatch.setattr(made._context.Process, "start", fail)
    made._start_missing()

    assert made._serving == [None]
    assert made._may_start > time.monotonic()


def test_a_successor_that_is_ready_lets_the_one_before_retire(supervising: Supervising) -> None:
    made, old, of_old = supervising
    ours, theirs = multiprocessing.Pipe()
    new = Worker(0, old.process, ours, time.monotonic())
    made._serving = [old]
    made._workers.add(new)

    with ours, theirs:
        theirs.send_bytes(READY)
        made._listen(SECONDS)

        assert made._serving == [new]
        assert of_old.poll(SECONDS)
        assert of_old.recv_bytes() == RETIRE


def test_a_worker_that_has_done_enough_goes_on_until_its_successor_is_ready(
    supervising: Supervising, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, one, theirs = supervising
    started: list[int] = []
    made._serving = [one]
    monkeypatch.setattr(made, "_start", started.append)

    theirs.send_bytes(RECYCLE)
    made._listen(SECONDS)
    made._recycle()

    assert started == [0]
    assert made._serving == [one]
    assert not theirs.poll()


def test_the_first_worker_that_cannot_begin_says_why_and_is_not_tried_again(supervising: Supervising) -> None:
    made, one, theirs = supervising
    one.is_ready = False
    made._serving = [one]

    theirs.send_bytes(FAILED + b"the model is of another world")
    one.process.kill()
    theirs.close()
    made._listen(SECONDS)  # What it said,
    made._listen(SECONDS)  # and its end.

    assert made._reason == "the model is of another world"
    assert made._is_stopping
    assert made._serving == [None]


def test_a_later_worker_that_cannot_begin_is_tried_again_after_a_pause(supervising: Supervising) -> None:
    made, one, theirs = supervising
    one.is_ready, made._was_ready = False, True
    made._serving = [one]

    one.process.kill()
    theirs.close()
    made._listen(SECONDS)

    assert not made._is_stopping
    assert made._serving == [None]
    assert made._may_start > time.monotonic()
