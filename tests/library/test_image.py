"""`make image`: the same bits wherever it is made, of what is pinned and copied and nothing else."""

import hashlib
import io
import json
import os
import shlex
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pytest
from modelapi.image import ImageError, build
from modelapi.image.base import take_base
from modelapi.image.labels import Model, find_model
from modelapi.image.layers import File, Link, of_bytes
from modelapi.image.layout import CONFIG, INDEX, MANIFEST, Layout
from modelapi.project import find_project
from modelapi.settings import PackageSettings
from sklearn.pipeline import Pipeline

from tests.library.packages import save

TEMPLATE = Path(__file__).parents[2] / "{{cookiecutter.project_slug}}"
PYTHON = f"python3.{sys.version_info[1]}"
SCIKIT_LEARN = metadata.version("scikit-learn")
PYPROJECT = """
[project]
name = "pets"
version = "2.1"
description = "Cats' & dogs' $ales"
license = "MIT"
[tool.modelapi]
title = "Pets"
"""
STATUS = b"""Package: libc6
Status: install ok installed
Version: 2.41-12

Package: gone
Status: deinstall ok config-files
Version: 1
"""
LIBRARIES = ("joblib", "pets_web", "scikit_learn")


def make_wheel(folder: Path, name: str, version: str, *needs: str, tag: str = "py3-none-any") -> None:
    info = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {need}\n" for need in needs)
    with ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", "")
        file.writestr(f"{name}-{version}.data/data/share/{name}.txt", "")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")
        file.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        file.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}.cli:main [extra]\n")
        file.writestr(f"{info}/RECORD", "")


def make_base(folder: Path, files: dict[str, File | Link] | None = None) -> Path:
    """Write a base in the OCI layout: a Python, and Debian's list of packages."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layout = Layout(blobs)
    files = files or {f"usr/local/bin/{PYTHON}": of_bytes(b"", True), "var/lib/dpkg/status": of_bytes(STATUS)}
    layer = layout.put_layer(files)
    config = layout.put(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/usr/local/bin:/usr/bin"], "Labels": {"vendor": "Debian"}},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        },
        CONFIG,
    )
    manifest = layout.put({"mediaType": MANIFEST, "config": config, "layers": [layer]}, MANIFEST)
    platform = {"os": "linux", "architecture": "amd64"}
    other = {"mediaType": MANIFEST, "digest": "sha256:0", "size": 0, "platform": {**platform, "architecture": "arm64"}}
    index = {"mediaType": INDEX, "manifests": [other, {**manifest, "platform": platform}]}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_base(tmp_path / "base")


@pytest.fixture
def project(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with secrets in it, and the wheels that it needs in a folder that pip looks into."""
    folder, wheels = tmp_path / "project", tmp_path / "wheels"
    for name in ("project/api/__pycache__", "project/features", "project/requirements", "wheels"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(TEMPLATE / name, folder / name)
    for name in (
        "api/app.py",
        "api/.env.local",
        "api/tls.key",
        "api/__pycache__/app.pyc",
        "features/one.py",
        "asgi.py",
    ):
        (folder / name).touch()
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "requirements" / "common.txt").write_text(
        "# Pins\npets_web==1.0\ncolorama==1 ; sys_platform == 'win32'\n"
    )
    (folder / "requirements" / "develop.txt").write_text("joblib==1.6.0\nscikit-learn==0.1\n")
    make_wheel(wheels, "pets_web", "1.0")
    make_wheel(wheels, "joblib", "1.6.0")
    native = f"cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-manylinux_2_24_x86_64.manylinux_2_28_x86_64"
    needs = ("joblib>=1", "colorama; sys_platform == 'win32'", "pytest; extra == 'tests'")
    make_wheel(wheels, "scikit_learn", SCIKIT_LEARN, *needs, tag=native)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    save(folder / "artifacts", pets, pipeline)
    return folder


def model_of(folder: Path) -> Model:
    return find_model(PackageSettings(model_dir=folder / "artifacts"), None)


def make(folder: Path, base: object, path: Path) -> build.Made:
    find_project.cache_clear()
    return build.write(path, find_project(folder), model_of(folder), str(base), "linux/amd64")


def read(archive: Path) -> tuple[dict[str, tarfile.TarInfo], dict[str, bytes], dict[str, Any]]:
    """What the layers of an image hold above the base, and its configuration."""
    entries, contents = {}, {}
    with tarfile.open(archive) as tar:

        def blob(digest: str) -> bytes:
            file = tar.extractfile(f"blobs/{digest.replace(':', '/')}")
            assert file is not None
            return file.read()

        index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]
        manifest = json.loads(blob(index["manifests"][0]["digest"]))
        for layer in manifest["layers"][1:]:
            with tarfile.open(fileobj=io.BytesIO(blob(layer["digest"]))) as inner:
                for entry in inner:
                    entries[entry.name] = entry
                    if file := inner.extractfile(entry) if entry.isfile() else None:
                        contents[entry.name] = file.read()
        return entries, contents, json.loads(blob(manifest["config"]["digest"]))


class Registry(BaseHTTPRequestHandler):
    """Version 2 of a registry's API: it hands out tokens, and leads to a storage that must not get them."""

    base: Path

    def do_GET(self) -> None:
        token = self.headers["Authorization"]
        digest = self.path.rpartition(":")[2]
        blob = self.base / "blobs" / "sha256" / digest
        host = f"http://{self.headers['Host']}"
        if self.path == "/token?service=pets&scope=repository%3Apython%3Apull":
            self.answer(200, b'{"token": "anybody"}')
        elif self.path.startswith("/storage/") and token is None:
            self.answer(200, blob.read_bytes())
        elif token != "Bearer anybody":
            challenge = f'Bearer realm="{host}/token",service="pets",scope="repository:python:pull"'
            self.answer(401, b"", {"WWW-Authenticate": challenge})
        elif self.path.startswith("/v2/python/blobs/"):
            self.answer(307, b"", {"Location": f"{host}/storage/sha256:{digest}"})
        elif self.path.startswith("/v2/python/manifests/"):
            self.answer(200, (blob if blob.is_file() else self.base / "index.json").read_bytes())
        else:
            self.answer(404, b"")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry(base: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Registry,), {"base": base}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}/python"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_base_is_the_same_wherever_it_comes_from(base: Path, registry: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "base.tar", "w") as tar:
        for name in ("index.json", "blobs"):
            tar.add(base / name, name)
    pinned = f"{registry}@sha256:{hashlib.sha256((base / 'index.json').read_bytes()).hexdigest()}"
    (tmp_path / "blobs").mkdir()

    places = (str(base), str(tmp_path / "base.tar"), f"{registry}:3", pinned)
    first, *others = [take_base(place, "linux/amd64", Layout(tmp_path / "blobs")) for place in places]

    assert [replace(one, pin="") for one in others] == [first] * 3
    assert [one.pin for one in others] == ["", pinned.replace("@", ":3@"), ""]
    assert (first.python, first.machine, first.debian) == (f"/usr/local/bin/{PYTHON}", "amd64", {"libc6": "2.41-12"})


def test_an_image_is_the_same_wherever_it_is_made(
    project: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "Ein anderer Ort"
    shutil.copytree(project, moved, copy_function=shutil.copyfile)

    make(project, base, tmp_path / "1.tar")
    before = os.umask(0o077)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        make(moved, base, tmp_path / "2.oci.tar")
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()

    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.oci.tar").read_bytes()
    assert (tmp_path / "1.cdx.json").read_bytes() == (tmp_path / "2.cdx.json").read_bytes()


def test_an_image_holds_what_is_pinned_and_copied_and_says_so(project: Path, base: Path, tmp_path: Path) -> None:
    made = make(project, base, tmp_path / "image.tar")

    entries, contents, config = read(tmp_path / "image.tar")
    version = (project / "artifacts" / "CURRENT").read_text().strip()
    site = f"venv/lib/{PYTHON}/site-packages"
    plain = {name for name, entry in entries.items() if not entry.isdir()}
    assert {name for name in plain if version not in name and ".dist-info/" not in name} == {
        *("app/api/app.py", "app/features/one.py", "app/asgi.py", "app/pyproject.toml", "app/sbom.cdx.json"),
        *("app/artifacts/CURRENT", "venv/pyvenv.cfg", "venv/bin/python"),
        *(f"{site}/{name}/__init__.py" for name in LIBRARIES),
        *(f"venv/share/{name}.txt" for name in LIBRARIES),
        *(f"venv/bin/{name}" for name in LIBRARIES),
    }
    assert entries["venv/bin/python"].linkname == f"/usr/local/bin/{PYTHON}"
    assert b"from joblib.cli import main\n" in contents["venv/bin/joblib"]
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries.values()} == {(0, 0, 0, "")}
    assert {entry.mode for entry in entries.values() if entry.isfile()} == {0o644, 0o755}
    run = config["config"]
    assert (run["User"], run["WorkingDir"]) == ("10001:10001", "/app")
    assert (run["Entrypoint"], run["Cmd"]) == (["modelapi"], ["serve"])
    assert run["Env"][0] == "PATH=/venv/bin:/usr/local/bin:/usr/bin"
    assert (run["Healthcheck"]["Test"][:3], run["Healthcheck"]["StartPeriod"]) == (["CMD", "python", "-c"], 20 * 10**9)
    assert (run["Labels"]["vendor"], run["Labels"]["modelapi.model.version"]) == ("Debian", version)

    document = json.loads((tmp_path / "image.cdx.json").read_bytes())
    wheel = next((tmp_path / "wheels").glob("scikit_learn*"))
    found = {one["name"]: (one["version"], one.get("hashes", [{}])[0].get("content")) for one in document["components"]}
    assert contents["app/sbom.cdx.json"] == (tmp_path / "image.cdx.json").read_bytes()
    assert found.keys() == {"scikit-learn", "joblib", "pets-web", "libc6", "base", "<pets>"}
    assert found["scikit-learn"] == (SCIKIT_LEARN, hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert found["libc6"] == ("2.41-12", None)
    assert found["base"] == (made.base.digest, made.base.digest.removeprefix("sha256:"))
    assert found["<pets>"] == (version, model_of(project).sha256)


def test_labels_are_options_of_a_shell(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    find_project.cache_clear()

    build.main(["--labels"])

    words = shlex.split(capsys.readouterr().out)
    assert words[::2] == ["--label"] * (len(words) // 2)
    assert "org.opencontainers.image.description=Cats' & dogs' $ales" in words
    assert "org.opencontainers.image.created=1970-01-02T00:00:00Z" in words
    assert f"modelapi.model.sha256={model_of(project).sha256}" in words


def break_layer(project: Path, base: Path) -> None:
    path = max((base / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes() + b"\0")


def drop_python(project: Path, base: Path) -> None:
    shutil.rmtree(base)
    make_base(base, {f"opt/{PYTHON}": of_bytes(b"")})


def drop_index(project: Path, base: Path) -> None:
    (base / "index.json").unlink()


def only_arm(project: Path, base: Path) -> None:
    path = base / "index.json"
    path.write_text(path.read_text().replace("amd64", "riscv64"))


def run_something(project: Path, base: Path) -> None:
    with (project / "Dockerfile").open("a") as file:
        file.write("RUN apt-get install cowsay\n")


def copy_nothing(project: Path, base: Path) -> None:
    shutil.rmtree(project / "features")


def pin_nothing(project: Path, base: Path) -> None:
    (project / "requirements" / "develop.txt").write_text("")


def have_no_wheel(project: Path, base: Path) -> None:
    next((project.parent / "wheels").glob("joblib*")).unlink()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (break_layer, "has another SHA-256: fetch the base again"),
        (drop_python, "has no Python in its PATH: name another image by BASE="),
        (drop_index, "lacks index.json: it must be in the OCI layout"),
        (only_arm, "the base has no image for linux/amd64, but for linux/arm64, linux/riscv64"),
        (run_something, "RUN apt-get install cowsay in the last stage of the Dockerfile is for a container engine"),
        (copy_nothing, "features not found, which the Dockerfile copies"),
        (pin_nothing, 'needs joblib, which requirements/develop.txt does not pin: name it in'),
        (have_no_wheel, "pip did not bring what the pins name: No matching distribution found for joblib==1.6.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said_in_a_sentence_and_leaves_nothing(
    project: Path, base: Path, tmp_path: Path, harm: Callable[[Path, Path], None], sentence: str
) -> None:
    harm(project, base)
    (tmp_path / "out").mkdir()

    with pytest.raises(ImageError, match=f"(?s).*{sentence.replace('(', '.')}"):
        make(project, base, tmp_path / "out" / "image.tar")

    assert [*(tmp_path / "out").iterdir()] == []


def test_a_tar_that_is_not_there_is_no_registry(project: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^nothere\.tar is not there: BASE=… names a folder, a tar, or an image"):
        make(project, "nothere.tar", tmp_path / "image.tar")


def test_another_image_than_the_pinned_one_is_refused(project: Path, registry: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="answers with an image of another digest"):
        make(project, f"{registry}@sha256:{'0' * 64}", tmp_path / "image.tar")
