"""The model package: a folder that says everything about a model, written once and verified at each load.

artifacts/
    CURRENT             the version that is served
    20261121-034512-1f9c2e/
        manifest.json       name, version, engine, library versions, the SHA-256 of each other file
        signature.json      what the model takes and answers
        metrics.json        how good it was on rows it had not seen
        card.html           all of this for people
        requirements.txt    what serving this model needs on top of requirements/common.txt
        model.*             the model in its engine's format
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from model.engines import Engine, EngineError, engine_module
from model.signature import Signature

CURRENT = "CURRENT"
MANIFEST = "manifest.json"
AGAIN = 'run "make train" to make a new one'
Metrics = dict[str, Any]


class PackageError(ValueError):
    """A model package that is not there, not whole or not for these libraries."""


class Manifest(BaseModel):
    """What the package is: its engine and why it was chosen, the libraries it needs, the SHA-256 of each file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    version: str
    created: datetime
    engine: str
    reason: str
    libraries: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True)
class Package:
    """A verified, loaded model package."""

    manifest: Manifest
    signature: Signature
    metrics: Metrics
    card: str
    engine: Engine


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
) -> Manifest:
    """Write a model in its engine's format as a new version below `artifacts`, and make it the current one.

    The folder appears whole or not at all.
    """
    from model import card  # Which serving does not need.

    created = datetime.now(UTC).replace(microsecond=0)
    artifacts.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=artifacts))
    try:
        (folder / engine_module(engine).FILE).write_bytes(model)
        _write(folder / "signature.json", signature.model_dump_json(indent=2))
        _write(folder / "metrics.json", json.dumps(metrics, indent=2))
        _write(folder / "requirements.txt", "".join(f"{key}=={value}\n" for key, value in libraries.items()))
        _write(folder / "card.html", card.render(name, created, f"{engine}: {reason}", libraries, signature, metrics))
        files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
        digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
        version = f"{created:%Y%m%d-%H%M%S}-{digest[:6]}"
        manifest = Manifest(
            name=name,
            version=version,
            created=created,
            engine=engine,
            reason=reason,
            libraries=dict(libraries),
            files=files,
        )
        _write(folder / MANIFEST, manifest.model_dump_json(indent=2))
        folder.chmod(0o755)  # mkdtemp keeps it from the user that a container runs as.
        if not (artifacts / version).exists():  # The same model, made again within the second.
            folder.rename(artifacts / version)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    handle, pointer = tempfile.mkstemp(prefix=".new-", dir=artifacts)  # Of its own name, for two may save at once.
    os.close(handle)
    _write(Path(pointer), f"{version}\n")
    os.chmod(pointer, 0o644)
    os.replace(pointer, artifacts / CURRENT)
    return manifest


def current(artifacts: Path) -> Path:
    """Find the folder that CURRENT names. Raises PackageError."""
    pointer = artifacts / CURRENT
    try:
        version = pointer.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise PackageError(f'{pointer} not found: run "make train" first') from None
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]*", version):
        raise PackageError(f'{pointer} names no version: run "make train" again')
    return artifacts / version


def stamp(artifacts: Path) -> tuple[int, ...]:
    """Return what differs after CURRENT has moved; nothing while there is none."""
    try:
        found = (artifacts / CURRENT).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size


def read_manifest(folder: Path) -> Manifest:
    """Read what a package says it is, which nothing has verified yet. Raises PackageError."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError:
        raise PackageError(f"{folder / MANIFEST} not found: {AGAIN}") from None
    except ValidationError:
        raise PackageError(f"{folder / MANIFEST} is not a manifest that this version reads: {AGAIN}") from None


def verify(folder: Path, *, allow_pickle: bool = False) -> Manifest:
    """Check the hash of every file, the libraries installed and whether a pickle is allowed; load nothing.

    Raises PackageError with one line that says what differs and what to do.
    """
    manifest = read_manifest(folder)
    found = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(found ^ manifest.files.keys()):
        raise PackageError(f"{folder} {'has the extra' if name in found else 'lacks the'} file {name}: {AGAIN}")
    for name, digest in manifest.files.items():
        if _sha256(folder / name) != digest:
            raise PackageError(f"{folder / name} is not the file that was packaged (its SHA-256 differs): {AGAIN}")
    for library, version in manifest.libraries.items():
        _check_library(library, version, folder)
    if manifest.engine == "joblib" and not allow_pickle:
        raise PackageError(
            f"{folder} holds a pickle, and loading one runs the code in it: "
            "set ALLOW_PICKLE=1 if you trust who made it, or package the model for another engine"
        )
    return manifest


def load(folder: Path, *, allow_pickle: bool = False, threads: int | None = None) -> Package:
    """Verify a package and load it; the model may calculate with so many threads. Raises PackageError."""
    manifest = verify(folder, allow_pickle=allow_pickle)
    try:
        signature = Signature.model_validate_json((folder / "signature.json").read_bytes())
        module = engine_module(manifest.engine)
        engine = module.load((folder / module.FILE).read_bytes(), signature, threads)
    except (EngineError, ValidationError) as error:
        raise PackageError(f"{folder} cannot be loaded: {error}") from error
    except Exception as error:  # Of whatever library the model is stored with.
        raise PackageError(f"{folder} cannot be loaded ({type(error).__name__}): package the model again") from error
    metrics = json.loads((folder / "metrics.json").read_bytes())
    return Package(manifest, signature, metrics, (folder / "card.html").read_text(encoding="utf-8"), engine)


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
