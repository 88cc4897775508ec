"""The versions in artifacts/: which is the current one, what came before it, and which of them go."""

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelapi.package.manifest import MANIFEST, MAX_MANIFEST, PackageError, file_digest, open_plain, read_manifest

CURRENT = "CURRENT"
SCRATCH = ".new-"  # What the name of a thing begins with that is not whole yet, or not any more.
MAX_AGE = 86_400  # Seconds, after which scratch is of a run that died.
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
MADE = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


def current(artifacts: Path) -> Path:
    """Find the folder that CURRENT names. Raises PackageError."""
    pointer = artifacts / CURRENT
    try:
        with open_plain(pointer) as file:
            version = file.read(1000).decode("latin-1").strip()
    except FileNotFoundError:
        raise PackageError(f'{pointer} not found: run "make train" first') from None
    except OSError as error:
        raise PackageError(f'{pointer} cannot be read ({error.strerror}): run "make train" again') from None
    if not NAME.fullmatch(version):
        raise PackageError(f'{pointer} names no version: run "make train" again')
    return artifacts / version


def stamp(artifacts: Path) -> tuple[int, ...]:
    """Return what differs after CURRENT has moved; nothing while there is none."""
    try:
        found = (artifacts / CURRENT).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size


def find(artifacts: Path, version: str) -> Path:
    """Find the folder of a version by its name, of which nobody knows where it is from. Raises PackageError."""
    if not NAME.fullmatch(version) or not (artifacts / version).is_dir():
        there = ", ".join(path.name for path in history(artifacts)[-10:]) or "none"
        raise PackageError(f"{artifacts} holds no version of that name: the newest are {there}")
    return artifacts / version


def history(artifacts: Path) -> list[Path]:
    """List the folders that have the name of a version, the one made first before all others."""
    return sorted((path for path in artifacts.glob("*") if MADE.fullmatch(path.name)), key=_made)


def earlier(artifacts: Path) -> list[Path]:
    """List the versions that were made before the current one, the last of them first. Raises PackageError."""
    limit = _made(current(artifacts))
    return [path for path in reversed(history(artifacts)) if _made(path) < limit]


def make_current(artifacts: Path, version: str) -> None:
    """Let CURRENT name another version; whoever reads it meanwhile reads the old name or the new one.

    Raises PackageError.
    """
    with written(artifacts):
        handle, pointer = tempfile.mkstemp(prefix=SCRATCH, dir=artifacts)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(f"{version}\n")
            os.chmod(pointer, 0o644)  # mkstemp keeps it from the user that a container runs as.
            os.replace(pointer, artifacts / CURRENT)
        except OSError:
            os.unlink(pointer)
            raise


@contextmanager
def written(artifacts: Path) -> Iterator[None]:
    """Raise PackageError where nothing can be written there."""
    try:
        yield
    except OSError as error:
        raise PackageError(
            f"{artifacts} cannot be written ({error.strerror}): "
            "make room there and let this user write it, or name another folder by MODEL_DIR"
        ) from None


def check_writable(artifacts: Path) -> None:
    """Raise PackageError if no version can be added, before the work of making one is done."""
    place = next(path for path in (artifacts, *artifacts.absolute().parents) if path.exists())
    with written(artifacts), tempfile.TemporaryFile(dir=place) as file:
        file.write(b"any")


def announce(folder: Path) -> str:
    """Say which version is current now, and by which SHA-256 a server can be told to serve no other."""
    digest = file_digest(folder / MANIFEST, MAX_MANIFEST)
    return f"Version {folder.name} is the current one now: MODEL_SHA256={digest}"


def prune(artifacts: Path, keep: int) -> int:
    """Remove all but the newest versions, the current one among them, and say how many; 0 keeps all.

    What is no model package stays, and so does what another process is still at work on.
    """
    with alone(artifacts):
        for path in artifacts.glob(f"{SCRATCH}*"):
            with suppress(OSError):  # It was renamed, for it is whole by now.
                if time.time() - path.lstat().st_mtime > MAX_AGE:
                    _remove(path)
        serving = current(artifacts)
        others = [path for path in history(artifacts) if path != serving and _is_package(path)]
        old = others[: max(0, len(others) + 1 - keep)] if keep else []
        for folder in old:
            with suppress(OSError):  # It belongs to somebody else.
                _remove(folder.rename(artifacts / f"{SCRATCH}{folder.name}"))  # So that nobody finds a half of it.
        return sum(not folder.exists() for folder in old)


@contextmanager
def alone(artifacts: Path) -> Iterator[None]:
    """Let no other process change which versions there are, and which is current, at the same time.

    Raises PackageError if there is no such folder.
    """
    try:
        handle = os.open(artifacts, os.O_RDONLY)
    except OSError:
        raise PackageError(f'{artifacts} not found: run "make train" first') from None
    try:
        with suppress(OSError):  # Some network file systems have no locks.
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _made(folder: Path) -> str:
    """Tell when a version was made: to the microsecond or, if its manifest cannot be read, by its name."""
    try:
        return f"{read_manifest(folder).created:%Y%m%d-%H%M%S.%f}"
    except PackageError:
        return folder.name


def _is_package(folder: Path) -> bool:
    try:
        read_manifest(folder)
    except PackageError:
        return False
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
