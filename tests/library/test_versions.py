"""One version is current, the newest are kept, and nothing else is touched."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from modelapi import package
from modelapi.package import PackageError, versions
from modelapi.package.rollback import roll_back
from modelapi.settings import PackageSettings
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.web import SECONDS

Save = Callable[[], Path]


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def add(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Save:
    return lambda: save(artifacts, pets, pipeline)


@pytest.mark.parametrize("text", ["", "../elsewhere", ".hidden", "a b", "x" * 101, "a\nb", "a\0b"])
def test_a_pointer_that_names_no_version_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "CURRENT").write_text(text, encoding="utf-8")

    with pytest.raises(PackageError, match=r"^.*CURRENT names no version: .*$"):
        versions.current(tmp_path)


def test_a_pointer_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_bytes(b"\xff\xfe")

    with pytest.raises(PackageError, match=r"^.*CURRENT names no version: run .make train. again$"):
        versions.current(tmp_path)


@pytest.mark.parametrize(
    ("make", "reason"), [(os.mkfifo, "not a plain file"), (Path.mkdir, "Is a directory")], ids=["a pipe", "a folder"]
)
def test_a_pointer_that_is_no_plain_file_is_refused_and_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(tmp_path / "CURRENT")

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(versions.current, tmp_path)
        if not wait([found], SECONDS).done:
            os.close(os.open(tmp_path / "CURRENT", os.O_WRONLY))  # Let it go on.

    with pytest.raises(PackageError, match=rf"^.*CURRENT cannot be read \({reason}\): run .make train. again$"):
        found.result()


def test_versions_are_in_the_order_in_which_they_were_made(artifacts: Path, add: Save) -> None:
    made = [add() for _ in range(5)]  # Within a second.

    assert versions.history(artifacts) == made
    assert versions.earlier(artifacts) == made[-2::-1]


def test_a_current_version_that_is_damaged_still_has_its_place(artifacts: Path, add: Save) -> None:
    old = add()
    older = old.rename(artifacts / f"20200101-000000-{old.name[-6:]}")  # Whose manifest names another version now.
    new = add()
    (new / "manifest.json").unlink()

    assert versions.earlier(artifacts) == [older]


@pytest.mark.parametrize(("keep", "left"), [(1, 1), (2, 2), (5, 4), (0, 4)])
def test_the_newest_versions_are_kept(artifacts: Path, add: Save, keep: int, left: int) -> None:
    made = [add() for _ in range(4)]

    assert versions.prune(artifacts, keep) == 4 - left

    assert versions.history(artifacts) == made[-left:]
    assert package.verify(versions.current(artifacts))
    assert {path.name for path in artifacts.iterdir()} == {"CURRENT", *(folder.name for folder in made[-left:])}


def test_the_current_version_is_kept_however_old_it_is(artifacts: Path, add: Save) -> None:
    oldest, _, newest = add(), add(), add()
    versions.make_current(artifacts, oldest.name)

    versions.prune(artifacts, 2)
    assert versions.history(artifacts) == [oldest, newest]

    versions.prune(artifacts, 1)
    assert versions.history(artifacts) == [oldest]


def test_what_is_no_package_is_kept(artifacts: Path, add: Save, tmp_path: Path) -> None:
    old = add()
    elsewhere = old.rename(tmp_path / old.name)
    old.symlink_to(elsewhere)
    (artifacts / "20200101-000000-abcdef").mkdir()
    (artifacts / "20200101-000000-fedcba").write_text("notes", encoding="utf-8")
    (artifacts / "notes").mkdir()
    before = {*artifacts.iterdir(), add()}

    assert versions.prune(artifacts, 1) == 0

    assert {*artifacts.iterdir()} - {artifacts / "CURRENT"} == before - {artifacts / "CURRENT"}
    assert (elsewhere / "manifest.json").is_file()


def test_what_a_run_left_that_died_is_removed_a_day_later(artifacts: Path, add: Save) -> None:
    folder = add()
    day = 24 * 60 * 60
    for name, age in [(".new-dead", day + 60), (".new-at-work", day - 60)]:
        (artifacts / name).mkdir()
        (artifacts / name / "model.onnx").touch()
        os.utime(artifacts / name, (0, time.time() - age))
    (artifacts / ".new-pointer").touch()
    os.utime(artifacts / ".new-pointer", (0, 0))

    versions.prune(artifacts, 5)

    assert {path.name for path in artifacts.iterdir()} == {"CURRENT", folder.name, ".new-at-work"}


def test_a_loaded_model_does_not_need_its_folder(artifacts: Path, add: Save, pets: pd.DataFrame) -> None:
    loaded = package.load(add())
    add()

    assert versions.prune(artifacts, 1) == 1

    columns = {name: pets[name].to_numpy() for name in ("fur", "age", "indoor")}
    assert len(loaded.engine.predict(columns).labels[0]) == len(pets)


def test_the_current_version_is_whole_while_others_save_and_remove(artifacts: Path, add: Save) -> None:
    add()

    def work(number: int) -> None:
        add()
        versions.prune(artifacts, 1)
        with versions.alone(artifacts):
            package.verify(versions.current(artifacts))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))
    versions.prune(artifacts, 1)

    assert versions.history(artifacts) == [versions.current(artifacts)]


@contextmanager
def full_disk() -> Iterator[None]:
    """Let this process write nothing more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("verb", ["save", "roll back"])
def test_a_full_disk_is_one_line_and_leaves_nothing_behind(artifacts: Path, add: Save, verb: str) -> None:
    add(), add()
    before = {*artifacts.iterdir()}, versions.current(artifacts)
    settings = PackageSettings(model_dir=artifacts)

    with (
        pytest.raises(PackageError, match=r"artifacts cannot be written \(File too large\): make room there .*$"),
        full_disk(),
    ):
        add() if verb == "save" else roll_back(settings, None)

    assert ({*artifacts.iterdir()}, versions.current(artifacts)) == before


def test_a_version_that_cannot_become_the_current_one_does_not_stay(artifacts: Path, add: Save) -> None:
    (artifacts / "CURRENT").mkdir(parents=True)

    with pytest.raises(PackageError, match=r"artifacts cannot be written \(Is a directory\): .*$"):
        add()

    assert [path.name for path in artifacts.iterdir()] == ["CURRENT"]


def test_before_any_work_it_is_seen_that_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "artifacts").touch()

    with pytest.raises(PackageError, match=r"artifacts cannot be written \(Not a directory\): .*$"):
        versions.check_writable(tmp_path / "artifacts")
