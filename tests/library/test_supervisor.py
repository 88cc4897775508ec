"""What the supervisor does when the system fails it; tests/test_server.py tries the rest with real processes."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess

import pytest

from api import supervisor
from modelapi.settings import Settings
from modelapi.process.supervisor import Supervisor, Worker


@pytest.fixture
def process() -> Iterator[BaseProcess]:
    sleeping = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    sleeping.start()
    yield sleeping
    sleeping.kill()
    sleeping.join()


@pytest.fixture
def supervising(process: BaseProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Supervisor, Worker]]:
    monkeypatch.setattr(supervisor, "listen", lambda *_: [])
    made = Supervisor(Settings(workers=1))
    ours, theirs = multiprocessing.Pipe()
    one = Worker(0, process, ours, time.monotonic(), is_ready=True)
    made._workers.add(one)
    yield made, one
    for end in (ours, theirs, made._signals, made._wakeup):
        end.close()


def test_a_worker_that_says_nothing_is_killed(supervising: tuple[Supervisor, Worker]) -> None:
    made, one = supervising
    one.heard -= supervisor.SILENCE + 1

    made._note_pause()
    made._kill_silent()
    one.process.join(20)

    assert not one.process.is_alive()


def test_a_pause_of_all_is_no_silence(supervising: tuple[Supervisor, Worker]) -> None:
    made, one = supervising
    one.heard -= supervisor.SILENCE + 1
    made._turned -= supervisor.SILENCE + 1

    made._note_pause()
    made._kill_silent()
    one.process.join(0.5)

    assert one.process.is_alive()


def test_a_worker_that_cannot_be_started_is_tried_again_later(
    supervising: tuple[Supervisor, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = supervising
    made._sockets = [None]  # type: ignore[list-item]

    def fail(_process: BaseProcess) -> None:
        raise BlockingIOError

    monkeypatch.setattr(made._context.Process, "start", fail)
    made._start_missing()

    assert made._serving == [None]
    assert made._may_start > time.monotonic()
