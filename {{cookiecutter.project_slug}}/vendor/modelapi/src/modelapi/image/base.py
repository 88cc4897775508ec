"""The image that all stands on: its layers, as they are, and what is known of the Python in them."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Literal

from modelapi.image import ImageError
from modelapi.image.layout import LAYER, Descriptor, Layout, digest_of
from modelapi.image.sources import Registry, Source, find_source

PYTHON = re.compile(r"python(3\.\d+)")
STATUS = "var/lib/dpkg/status"  # Debian's list of what is installed.
OPENMP = "libgomp.so.1"


@dataclass
class Base:
    """A base image whose layers are in the layout."""

    digest: str
    """Of its manifest, which is the same wherever it comes from."""
    config: Mapping[str, Any]
    layers: list[Descriptor]
    python: str = ""
    """Its interpreter, as /usr/local/bin/python3.14."""
    debian: dict[str, str] = field(default_factory=dict)
    """The versions of Debian's packages in it."""
    openmp: bool = False
    pin: str = ""
    """What names this very image, if it came by a name that may be another's tomorrow."""

    @property
    def python_version(self) -> str:
        """The version as 3.14, that wheels are for."""
        return PurePosixPath(self.python).name.removeprefix("python")

    @property
    def machine(self) -> str:
        """The processor as amd64 or arm64."""
        return str(self.config["architecture"])


def take_base(reference: str, platform: str, layout: Layout) -> Base:
    """Take a base into the layout and look for its Python. platform : linux/amd64, linux/arm64. Raises ImageError."""
    with closing(find_source(reference)) as source:
        return _take(source, reference, platform, layout)


def _take(source: Source, reference: str, platform: str, layout: Layout) -> Base:
    root = source.root()
    manifest, digest = _find_manifest(source, root, platform, layout)
    config = json.loads(layout.take(source.open(manifest["config"]), manifest["config"]).read_bytes())
    if f"{config.get('os')}/{config.get('architecture')}" != platform:
        raise ImageError(f"{reference} is for {config.get('os')}/{config.get('architecture')}: name it by PLATFORM=…")
    layers = []
    for blob in manifest["layers"]:
        layout.take(source.open(blob), blob)
        packed = "+gzip" if "gzip" in blob["mediaType"] else ""
        layers.append({**blob, "mediaType": LAYER + packed})
    base = Base(digest, config, layers)
    if isinstance(source, Registry) and not source.digest:
        base.pin = f"{reference}@{digest_of(root)}"
    _inspect(base, layout)
    if not base.python:
        raise ImageError(f"{reference} has no Python in its PATH: name another image by BASE=…")
    return base


def _find_manifest(source: Source, content: bytes, platform: str, layout: Layout) -> tuple[dict[str, Any], str]:
    """Go from an index to the manifest for a platform; return it, and its digest."""
    found = json.loads(content)
    while "manifests" in found:
        blobs = {_platform(blob): blob for blob in found["manifests"]}
        blob = blobs.get(platform) or (found["manifests"][0] if len(blobs) == 1 else None)
        if blob is None:
            raise ImageError(f"the base has no image for {platform}, but for {', '.join(sorted(blobs))}")
        content = layout.take(source.open(blob), blob).read_bytes()
        found = json.loads(content)
    return found, digest_of(content)


def _platform(blob: Descriptor) -> str:
    found = blob.get("platform", {})
    return f"{found.get('os')}/{found.get('architecture')}"


def _inspect(base: Base, layout: Layout) -> None:
    environ = dict(one.split("=", 1) for one in base.config.get("config", {}).get("Env") or [])
    places = [place.strip("/") for place in environ.get("PATH", "").split(":")]
    best = len(places)
    for blob in base.layers:
        for tar, entry in _entries(layout, blob):
            path = PurePosixPath(entry.name.removeprefix("./"))
            rank = places.index(str(path.parent)) if str(path.parent) in places else best
            if rank < best and PYTHON.fullmatch(path.name):
                base.python, best = f"/{path}", rank
            if path.name == OPENMP:
                base.openmp = True
            if str(path) == STATUS and (file := tar.extractfile(entry)):
                base.debian = _read_status(file)


def _entries(layout: Layout, blob: Descriptor) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    mode: Literal["r|gz", "r|"] = "r|gz" if blob["mediaType"].endswith("+gzip") else "r|"
    try:
        with tarfile.open(layout.path(blob), mode) as tar:
            for entry in tar:
                yield tar, entry
    except (tarfile.TarError, OSError):
        raise ImageError(
            f"layer {blob['digest']} of the base is packed in a way that is not read here: take one packed by gzip"
        ) from None


def _read_status(file: IO[bytes]) -> dict[str, str]:
    """Read the names and versions of what is installed."""
    parts = file.read().decode("utf-8", "replace").split("\n\n")
    fields = [dict(re.findall(r"^(Package|Version|Status): (.*)$", part, flags=re.MULTILINE)) for part in parts]
    return {one["Package"]: one["Version"] for one in fields if one.get("Status", "").endswith(" installed")}
