"""What goes into an image beside its base: what the last stage of the Dockerfile copies, as .dockerignore lets it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from modelapi.image import ImageError
from modelapi.image.dockerfile import Copy, Dockerfile
from modelapi.image.labels import Model
from modelapi.image.layers import Files, of_bytes, of_path
from modelapi.package.manifest import MANIFEST
from modelapi.package.versions import CURRENT

Ignored = Sequence[tuple[re.Pattern[str], bool]]


@dataclass
class Contents:
    """The files of the project and those of the model package; where they and the virtual environment are."""

    workdir: str
    venv: str = ""
    project: Files = field(default_factory=dict)
    model: Files = field(default_factory=dict)


def find_contents(root: Path, dockerfile: Dockerfile, workdir: str, model: Model) -> Contents:
    """Find what COPY instructions put into an image, by path. Raises ImageError."""
    contents = Contents(workdir.strip("/"))
    ignored = _read_ignored(root)
    for copy in dockerfile.copies:
        target = str(PurePosixPath(workdir, copy.target).relative_to("/"))
        if copy.stage == "environment":
            contents.venv = target
        elif copy.stage == "package":
            contents.model |= _files_of_model(model, target)
        elif copy.stage:
            raise ImageError(f'the Dockerfile copies from its stage {copy.stage}, which "make build" alone runs')
        else:
            contents.project |= _files_of_project(root, copy, target, ignored)
    return contents


def _files_of_model(model: Model, target: str) -> Files:
    version = model.manifest.version
    files: Files = {
        f"{target}/{version}/{name}": of_path(model.folder / name) for name in (MANIFEST, *model.manifest.files)
    }
    return {**files, f"{target}/{CURRENT}": of_bytes(f"{version}\n".encode())}


def _files_of_project(root: Path, copy: Copy, target: str, ignored: Ignored) -> Files:
    files: Files = {}
    for source in copy.sources:
        found = sorted(root.glob(source))
        if not found:
            raise ImageError(f"{root / source} not found, which the Dockerfile copies")
        for path in found:  # Of a folder, what is in it is copied.
            top, inner = (path, path.rglob("*")) if path.is_dir() else (path.parent, iter([path]))
            for file in _kept(root, inner, ignored):
                files[f"{target}/{file.relative_to(top).as_posix()}"] = of_path(file)
    return files


def _kept(root: Path, paths: Iterable[Path], ignored: Ignored) -> Iterator[Path]:
    for path in paths:
        relative = path.relative_to(root).as_posix()
        # The last line that matches a path, or a folder that it is in, decides.
        keeps = [keep for pattern, keep in ignored if pattern.match(relative)]
        if path.is_file() and (not keeps or keeps[-1]):
            yield path


def _read_ignored(root: Path) -> Ignored:
    """Read .dockerignore: patterns, and whether what they match is kept after all."""
    try:
        lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    stripped = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [(_pattern(line.removeprefix("!").strip("/")), line.startswith("!")) for line in stripped]


def _pattern(glob: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts) + "(?:/|$)")
