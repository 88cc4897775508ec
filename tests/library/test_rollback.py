"""`make rollback`: to the version before, to one by its name, and never to one that cannot be served."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from modelapi.package import rollback, versions
from sklearn.pipeline import Pipeline

from tests.library.packages import save

Save = Callable[..., Path]


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


@pytest.fixture
def add(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Save:
    return lambda **options: save(artifacts, pets, pipeline, **options)


def test_it_goes_back_to_the_version_before_and_says_which(
    artifacts: Path, add: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    old, _ = add(), add()

    rollback.main([])

    assert versions.current(artifacts) == old
    digest = hashlib.sha256((old / "manifest.json").read_bytes()).hexdigest()
    assert capsys.readouterr().out == f"Version {old.name} is the current one now: MODEL_SHA256={digest}\n"


def test_twice_goes_back_two_versions_and_no_further(artifacts: Path, add: Save) -> None:
    oldest, old, _ = add(), add(), add()

    rollback.main([])
    assert versions.current(artifacts) == old

    rollback.main([])
    assert versions.current(artifacts) == oldest

    with pytest.raises(SystemExit, match=r"^Not rolled back: .* holds no older version .* with .make train.$"):
        rollback.main([])
    assert versions.current(artifacts) == oldest


def test_a_version_can_be_named_also_a_newer_one(artifacts: Path, add: Save) -> None:
    oldest, _, newest = add(), add(), add()

    for folder in (oldest, newest, newest):
        rollback.main([f"--version={folder.name}"])

        assert versions.current(artifacts) == folder


def test_versions_that_cannot_be_served_are_passed_over_with_a_line(
    artifacts: Path, add: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    good, pickled, damaged, _ = add(), add(engine="joblib"), add(), add()
    (damaged / "metrics.json").write_bytes(b"{}")

    rollback.main([])

    assert versions.current(artifacts) == good
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Passed over {damaged.name}: ")
    assert "its SHA-256 differs" in first
    assert second.startswith(f"Passed over {pickled.name}: ")
    assert "ALLOW_PICKLE=1" in second


def test_it_goes_back_from_a_version_that_is_gone(artifacts: Path, add: Save) -> None:
    good = add()
    versions.make_current(artifacts, "29990101-000000-abcdef")

    rollback.main([])

    assert versions.current(artifacts) == good


def test_a_named_version_that_cannot_be_served_is_refused(artifacts: Path, add: Save) -> None:
    damaged, newest = add(), add()
    (damaged / "card.html").unlink()

    with pytest.raises(SystemExit, match=r"^Not rolled back: .*lacks the file card\.html.*$"):
        rollback.main([f"--version={damaged.name}"])

    assert versions.current(artifacts) == newest


@pytest.mark.parametrize(
    "trick", ["../{}", "/{}", "./{}", "{}/", "..", ".", "{}\0", "{}\n", "CURRENT", "--help", "none"]
)
def test_a_name_that_is_not_that_of_a_version_is_refused(
    artifacts: Path, add: Save, tmp_path: Path, trick: str
) -> None:
    folder = add()
    (tmp_path / folder.name).symlink_to(folder)

    with pytest.raises(SystemExit, match=f"^Not rolled back: .* holds no version of that name: .* are {folder.name}$"):
        rollback.main([f"--version={trick.format(folder.name)}"])

    assert versions.current(artifacts) == folder


def test_a_link_to_a_version_elsewhere_is_refused(artifacts: Path, add: Save, tmp_path: Path) -> None:
    old, newest = add(), add()
    old.symlink_to(old.rename(tmp_path / old.name))

    with pytest.raises(SystemExit, match=r"^Not rolled back: .* is a symbolic link"):
        rollback.main([f"--version={old.name}"])

    assert versions.current(artifacts) == newest


@pytest.mark.parametrize("arguments", [[], ["--version=20261121-034512-1f9c2e"]])
def test_nothing_to_go_back_to_names_make_train(artifacts: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r'^Not rolled back: .*artifacts not found: run "make train" first$'):
        rollback.main(arguments)
