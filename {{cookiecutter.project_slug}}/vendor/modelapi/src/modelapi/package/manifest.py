"""The manifest of a model package, and how the files that it names are read: none that it need not name."""

import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from modelapi.engines import ENGINES

MANIFEST = "manifest.json"
BACKGROUND = "background.json"
TEXTS = ("card.html", "metrics.json", "requirements.txt", "signature.json")
OPTIONAL = ("baseline.json", BACKGROUND)  # Texts that older packages have not; the last may be left out.
MAX_MANIFEST = 1_000_000  # Bytes; one of ours has 2,000.
MAX_TEXT = 100_000_000  # Bytes; a signature with a million categories has fewer.
AGAIN = 'run "make rollback" to go back, or "make train" to make a new one'
NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)

Word = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+!_-]*$", max_length=100)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PackageError(ValueError):
    """A model package that is not there, not whole or not for these libraries."""


class Manifest(BaseModel):
    """What the package is: its engine and why it was chosen, the libraries it needs, the SHA-256 of each file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    version: Word
    created: AwareDatetime
    engine: Word
    reason: str
    libraries: dict[Word, Word]
    files: dict[str, Digest]


def read_manifest(folder: Path, sha256: str = "") -> Manifest:
    """Read what a package says it is; nothing has compared its files yet.

    sha256 : of the one manifest that may be read; empty for any. Raises PackageError.
    """
    path = folder / MANIFEST
    if folder.is_symlink():
        raise PackageError(f"{folder} is a symbolic link: put the folder itself in its place, or {AGAIN}")
    with open_file(path, MAX_MANIFEST) as file:
        content = file.read()
    if sha256 and hashlib.sha256(content).hexdigest() != sha256.lower():
        raise PackageError(
            f"{path} is not the one that MODEL_SHA256 names: "
            'go back to it with "make rollback VERSION=…", or set MODEL_SHA256 anew'
        )
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        raise PackageError(f"{path} is not a manifest that this version reads: {AGAIN}") from None
    if manifest.version != folder.name:
        raise PackageError(f"{path} is that of another package, whose version is not {folder.name}: {AGAIN}")
    if manifest.version != name_version(content, manifest):
        raise PackageError(f"{path} was changed after it was written: {AGAIN}")
    return manifest


def name_version(content: bytes, manifest: Manifest) -> str:
    """Name a version by when it was made and, so that no bit changes unnoticed, by all that its manifest holds."""
    stamp = f"{manifest.created:%Y%m%d-%H%M%S}"
    nameless = content.replace(manifest.version.encode(), stamp.encode())
    return f"{stamp}-{hashlib.sha256(nameless).hexdigest()[:6]}"


def check_names(folder: Path, manifest: Manifest) -> None:
    """Raise PackageError unless manifest and folder hold the files of a package of its engine, and no other name."""
    if manifest.engine not in ENGINES:
        raise PackageError(f"{folder}: engine {manifest.engine} is not known: choose one of {', '.join(ENGINES)}")
    needed = {*TEXTS, ENGINES[manifest.engine].file}
    names = {*needed, *(name for name in OPTIONAL if name in manifest.files)}
    if manifest.files.keys() != names:
        listed = ", ".join(sorted(needed))
        raise PackageError(f"{folder / MANIFEST} names other files than {listed}, which {manifest.engine} has: {AGAIN}")
    try:
        found = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise PackageError(f"{folder} cannot be read ({error.strerror}): let this user read it") from None
    for name in sorted(found - names - {MANIFEST}):
        raise PackageError(f"{folder} has the extra file {name!a}: remove it, or {AGAIN}")
    for name in sorted(names - found):
        raise PackageError(f"{folder} lacks the file {name}: {AGAIN}")


def open_plain(path: Path, flags: int = 0) -> BufferedReader:
    """Open a file if it is a plain one; a pipe would be waited for. Raises OSError."""
    file = open(path, "rb", opener=lambda name, given: os.open(name, given | flags | NO_WAIT))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.ENOTSUP, "not a plain file")
    return file


def open_file(path: Path, limit: int | None = None) -> BufferedReader:
    """Open a file of a package: a plain one, of so many bytes at most. Raises PackageError."""
    try:
        file = open_plain(path, NO_LINKS)  # A link could lead out of the package.
    except FileNotFoundError:
        raise PackageError(f"{path} not found: {AGAIN}") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENOTSUP):
            raise PackageError(f"{path} is a link or a folder, not a plain file: {AGAIN}") from None
        raise PackageError(f"{path} cannot be read ({error.strerror}): let this user read it") from None
    if limit is not None and os.fstat(file.fileno()).st_size > limit:
        file.close()
        raise PackageError(f"{path} is larger than {limit} bytes: {AGAIN}")
    return file


def file_digest(path: Path, limit: int | None = None) -> str:
    """Return the SHA-256 of a file of a package. Raises PackageError."""
    with open_file(path, limit) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(path: Path, found: str, expected: str) -> None:
    """Raise PackageError unless the SHA-256 found is the expected one."""
    if found != expected:
        raise PackageError(f"{path} is not the file that was packaged (its SHA-256 differs): {AGAIN}")
