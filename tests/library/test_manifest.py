"""A package is what its manifest says, to the last bit, or refused with one line."""

import hashlib
import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from modelapi import package
from modelapi.package import PackageError
from sklearn.pipeline import Pipeline

from tests.library.packages import forge, save


@pytest.fixture
def folder(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Path:
    return save(tmp_path / "artifacts", pets, pipeline)


@pytest.fixture
def bounded() -> Iterator[None]:
    """Let a test that waits for ever fail."""

    def fail(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", ["model.skops", "signature.json", "metrics.json", "card.html", "requirements.txt"])
def test_a_flipped_bit_is_refused(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()

    for place in (0, len(whole) // 2, len(whole) - 1):
        (folder / name).write_bytes(flipped(whole, place, 0))
        for check in (package.verify, package.load):
            with pytest.raises(PackageError, match=rf"{name} is not the file that was packaged .*make train"):
                check(folder)


def test_any_flipped_bit_of_the_manifest_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    whole = path.read_bytes()

    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(flipped(whole, place, bit))
            with pytest.raises(PackageError, match=r"^.*manifest\.json .*make train.*$"):
                package.read_manifest(folder)


def flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "metrics.json").unlink()

    with pytest.raises(PackageError, match=r"lacks the file metrics\.json"):
        package.verify(folder)


@pytest.mark.parametrize("name", ["extra.txt", "model.onnx", "two\nlines", ".DS_Store"])
def test_an_extra_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).touch()

    with pytest.raises(PackageError, match=rf"^.*has the extra file {re.escape(ascii(name))}: remove it.*$"):
        package.verify(folder)


def test_an_extra_folder_is_refused(folder: Path) -> None:
    (folder / "more").mkdir()

    with pytest.raises(PackageError, match="has the extra file 'more'"):
        package.verify(folder)


@pytest.mark.parametrize("name", ["manifest.json", "signature.json", "model.skops"])
@pytest.mark.parametrize("put", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(__file__)])
def test_what_is_no_plain_file_is_refused_and_not_waited_for(
    bounded: None, folder: Path, name: str, put: Callable[[Path], None]
) -> None:
    (folder / name).unlink()
    put(folder / name)

    for check in (package.verify, package.load):
        with pytest.raises(PackageError, match=rf"{name} is a link or a folder, not a plain file"):
            check(folder)


def test_a_version_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    elsewhere = folder.rename(tmp_path / folder.name)
    folder.symlink_to(elsewhere)

    with pytest.raises(PackageError, match="is a symbolic link: put the folder itself in its place"):
        package.load(folder)


@pytest.mark.parametrize(
    "names",
    [
        ["../signature.json"],
        ["/etc/passwd"],
        ["more/signature.json"],
        ["manifest.json"],
        [""],
        ["."],
        ["two\nlines"],
        ["model.onnx"],
        [],
    ],
)
def test_file_names_that_are_not_those_of_a_package_are_refused(folder: Path, names: list[str]) -> None:
    files = json.loads((folder / "manifest.json").read_bytes())["files"]
    digest = files.pop("signature.json")

    folder = forge(folder, files=files | dict.fromkeys(names, digest))

    for check in (package.verify, package.load):
        with pytest.raises(PackageError, match=r"^.* names other files than card\.html, .*which sklearn has.*$"):
            check(folder)


@pytest.mark.parametrize(
    ("engine", "message"), [("onnx", "names other files"), ("other", "choose one of onnx, sklearn")]
)
def test_an_engine_that_the_files_are_not_for_is_refused(folder: Path, engine: str, message: str) -> None:
    with pytest.raises(PackageError, match=message):
        package.verify(forge(folder, engine=engine))


def test_a_missing_or_foreign_manifest_is_refused(folder: Path) -> None:
    manifest = folder / "manifest.json"
    for content in (b'{"format": 2}', b"", b"[" * 100_000, b"\xff", b"null", b"{} {}"):
        manifest.write_bytes(content)
        with pytest.raises(PackageError, match=r"^.*is not a manifest that this version reads: .*$"):
            package.verify(folder)

    manifest.unlink()
    with pytest.raises(PackageError, match=r"manifest\.json not found"):
        package.verify(folder)


def test_the_manifest_of_another_package_is_refused(folder: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    other = save(folder.parent, pets, pipeline)
    shutil.copy(other / "manifest.json", folder)

    with pytest.raises(PackageError, match="is that of another package"):
        package.verify(folder)


@pytest.mark.parametrize("name", ["manifest.json", "signature.json", "metrics.json", "card.html"])
def test_an_absurdly_large_file_is_not_read(folder: Path, name: str) -> None:
    with (folder / name).open("r+b") as file:
        file.truncate(10**12)  # With a hole, which takes no room.

    with pytest.raises(PackageError, match=rf"{name} is larger than \d+ bytes"):
        package.load(folder)


@pytest.mark.parametrize("name", ["signature.json", "metrics.json", "card.html"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"a": ' * 100_000 + b"\xff", b"[]\xff"])
def test_a_text_that_cannot_be_read_is_refused(folder: Path, name: str, content: bytes) -> None:
    folder = forge(folder, {name: content})

    with pytest.raises(PackageError, match=rf"^.*{name} is not one that this version reads: .*$"):
        package.load(folder)


def test_only_the_manifest_that_is_pinned_is_served(folder: Path) -> None:
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()

    for check in (package.verify, package.load):
        assert check(folder, sha256=digest)
        assert check(folder, sha256=digest.upper())
        with pytest.raises(PackageError, match=r"^.*manifest\.json is not the one that MODEL_SHA256 names: .*$"):
            check(folder, sha256="0" * 64)


def test_a_folder_that_may_not_be_read_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(PackageError, match=r"manifest\.json cannot be read \(Permission denied\): let this user"):
            package.load(folder)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(PackageError, match=r"cannot be read \(Permission denied\): let this user read it"):
        package.load(folder)
