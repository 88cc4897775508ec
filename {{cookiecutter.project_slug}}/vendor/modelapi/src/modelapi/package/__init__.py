"""The model package: a folder that says everything about a model, written once and verified at each load.

artifacts/
    CURRENT             the version that is served; running servers look at it again and again
    20261121-034512-1f9c2e/
        manifest.json       name, version, engine, library versions, the SHA-256 of each other file
        signature.json      what the model takes and answers
        background.json     what its predictions are explained against; left out with EXPLAIN=0
        metrics.json        how good it was on rows it had not seen
        baseline.json       how often values and answers came in training, by bins, for /metrics to compare with
        card.html           all of this for people
        requirements.txt    what serving this model needs on top of requirements/common.txt
        model.*             the model in its engine's format

A folder with any other file, a link, or a bit that differs is refused. `make train` and `make package` add a version
and remove the oldest (KEEP_VERSIONS), `make rollback` goes back to one; MODEL_SHA256 lets a server serve a single
manifest, and with it a single model.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from modelapi.engines import ENGINES, Engine, EngineError, engine_module
from modelapi.package.background import Background
from modelapi.package.baseline import Baseline
from modelapi.package.manifest import (
    AGAIN,
    BACKGROUND,
    MANIFEST,
    MAX_TEXT,
    OPTIONAL,
    TEXTS,
    Manifest,
    PackageError,
    check_digest,
    check_names,
    file_digest,
    name_version,
    open_file,
    read_manifest,
)
from modelapi.package.versions import SCRATCH, alone, current, make_current, written
from modelapi.signature import Signature

if TYPE_CHECKING:  # The process that only checks a package needs no arrays.
    from modelapi.records.columns import Columns

__all__ = [
    "Manifest",
    "Metrics",
    "Package",
    "PackageError",
    "current",
    "inspect",
    "load",
    "read_manifest",
    "read_signature",
    "save",
    "verify",
]

Metrics = dict[str, Any]
METRICS = TypeAdapter(Metrics)
MAX_REASON = 500  # Characters of what another library says.
T = TypeVar("T")


@dataclass(frozen=True)
class Package:
    """A verified, loaded model package."""

    manifest: Manifest
    signature: Signature
    metrics: Metrics
    card: str
    engine: Engine
    baseline: Baseline | None
    """None in an older package."""
    background: Columns | None = None
    """Rows that explanations are made against; None if the package has none."""


def save(
    artifacts: Path,
    model: bytes,
    *,
    name: str,
    engine: str,
    reason: str,
    libraries: Mapping[str, str],
    signature: Signature,
    metrics: Metrics,
    card: str,
    baseline: Baseline | None = None,
    background: Background | None = None,
) -> Manifest:
    """Write a model in its engine's format as a new version below `artifacts`, and make it the current one.

    The folder appears whole or not at all. Raises PackageError if it cannot be written.
    """
    signature = signature.model_copy(update={"explains": background is not None})
    with written(artifacts):
        artifacts.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=artifacts))
        try:
            (folder / ENGINES[engine].file).write_bytes(model)
            _write(folder / "signature.json", signature.model_dump_json(indent=2))
            _write(folder / "metrics.json", json.dumps(metrics, indent=2))
            _write(folder / "requirements.txt", "".join(f"{key}=={value}\n" for key, value in libraries.items()))
            _write(folder / "card.html", card)
            if baseline:
                _write(folder / "baseline.json", baseline.model_dump_json())
            if background:
                _write(folder / BACKGROUND, background.model_dump_json())
            draft = Manifest(
                name=name,
                version="unnamed",
                created=datetime.now(UTC),
                engine=engine,
                reason=reason,
                libraries=dict(libraries),
                files={path.name: file_digest(path) for path in sorted(folder.iterdir())},
            )
            version = name_version(draft.model_dump_json(indent=2).encode(), draft)
            manifest = draft.model_copy(update={"version": version})
            _write(folder / MANIFEST, manifest.model_dump_json(indent=2))
            folder.chmod(0o755)  # mkdtemp keeps it from the user that a container runs as.
            with alone(artifacts):
                folder = folder.rename(artifacts / version)
                make_current(artifacts, version)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return manifest


def verify(folder: Path, *, allow_pickle: bool = False, sha256: str = "") -> Manifest:
    """Check the hash of every file, the libraries installed and whether a pickle is allowed; load nothing.

    sha256 : of the one manifest that may be served; empty for any.
    Raises PackageError with one line that says what differs and what to do.
    """
    manifest = _admit(folder, allow_pickle, sha256)
    _check_files(folder, manifest)
    return manifest


def inspect(folder: Path, *, sha256: str = "") -> Manifest:
    """Check what a package that is served elsewhere holds, not what is installed or allowed here.

    sha256 : of the one manifest that may be served; empty for any. Raises PackageError.
    """
    manifest = read_manifest(folder, sha256)
    check_names(folder, manifest)
    _check_files(folder, manifest)
    return manifest


def load(folder: Path, *, allow_pickle: bool = False, sha256: str = "", threads: int | None = None) -> Package:
    """Verify a package and load it; the model may calculate with so many threads. Raises PackageError.

    Each file is read once, so that what is loaded is what was verified, whoever writes there meanwhile.
    """
    manifest = _admit(folder, allow_pickle, sha256)
    contents = {name: _read(folder / name, digest) for name, digest in manifest.files.items()}
    signature = _parse(folder / "signature.json", contents, Signature.model_validate_json)
    metrics = _parse(folder / "metrics.json", contents, METRICS.validate_json)
    card = _parse(folder / "card.html", contents, bytes.decode)
    baseline = _read_baseline(folder, contents)
    try:
        model = contents.pop(ENGINES[manifest.engine].file)
        engine = engine_module(manifest.engine).load(model, signature, threads)
    except EngineError as error:
        raise PackageError(f"{folder} cannot be loaded: {_one_line(error)}") from error
    except Exception as error:  # Of whatever library the model is stored with.
        raise PackageError(f"{folder} cannot be loaded ({type(error).__name__}): package the model again") from error
    background = _read_background(folder, contents, signature)
    return Package(manifest, signature, metrics, card, engine, baseline, background)


def read_signature(folder: Path) -> Signature:
    """Read what a model takes and answers, and load no model. Raises PackageError."""
    name = "signature.json"
    contents = {name: _read(folder / name, read_manifest(folder).files[name])}
    return _parse(folder / name, contents, Signature.model_validate_json)


def _read_background(folder: Path, contents: Mapping[str, bytes], signature: Signature) -> Columns | None:
    if (BACKGROUND in contents) is not signature.explains:
        raise PackageError(f"{folder / 'signature.json'} is that of another package: {AGAIN}")
    if not signature.explains:
        return None

    def read(content: bytes) -> Columns:
        return Background.model_validate_json(content).read(signature.features)

    return _parse(folder / BACKGROUND, contents, read)


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, digest in manifest.files.items():
        check_digest(folder / name, file_digest(folder / name, _limit(name)), digest)


def _admit(folder: Path, allow_pickle: bool, sha256: str) -> Manifest:
    """Check all of a package but what its files hold. Raises PackageError."""
    manifest = read_manifest(folder, sha256)
    check_names(folder, manifest)
    for library, version in manifest.libraries.items():
        _check_library(library, version, folder)
    if manifest.engine == "joblib" and not allow_pickle:
        raise PackageError(
            f"{folder} holds a pickle, and loading one runs the code in it: "
            "set ALLOW_PICKLE=1 if you trust who made it, or package the model for another engine"
        )
    return manifest


def _read(path: Path, digest: str) -> bytes:
    with open_file(path, _limit(path.name)) as file:
        content = file.read()
    check_digest(path, hashlib.sha256(content).hexdigest(), digest)
    return content


def _parse(path: Path, contents: Mapping[str, bytes], parse: Callable[[bytes], T]) -> T:
    try:
        return parse(contents[path.name])
    except ValueError:
        raise PackageError(f"{path} is not one that this version reads: {AGAIN}") from None


def _read_baseline(folder: Path, contents: Mapping[str, bytes]) -> Baseline | None:
    path = folder / "baseline.json"
    return _parse(path, contents, Baseline.model_validate_json) if path.name in contents else None


def _limit(name: str) -> int | None:
    return MAX_TEXT if name in TEXTS + OPTIONAL else None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:MAX_REASON]


def _check_library(library: str, version: str, folder: Path) -> None:
    """Ask for the same scikit-learn, whose releases do not read each other's models; of others, the major version."""
    remedy = f'run "pip install -r {folder / "requirements.txt"}" or "make train"'
    try:
        installed = metadata.version(library)
    except metadata.PackageNotFoundError:
        raise PackageError(f"the model needs {library} {version}, which is not installed: {remedy}") from None
    exact = library == "scikit-learn"
    if installed != version if exact else installed.split(".")[0] != version.split(".")[0]:
        raise PackageError(f"the model needs {library} {version}, but {installed} is installed: {remedy}")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
