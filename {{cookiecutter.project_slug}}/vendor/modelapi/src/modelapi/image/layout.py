"""A folder in the OCI image layout: blobs by their digest, until an archive is made of those that an image names."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from modelapi.image import ImageError
from modelapi.image.layers import Files, of_bytes, of_path, write_tar

Descriptor = dict[str, Any]  # mediaType, digest and size of a blob.
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def to_json(content: object) -> bytes:
    """Write JSON that is the same bytes for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(content: bytes) -> str:
    """Name content as OCI does."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digest_of_file(path: Path) -> str:
    """Name the content of a file, of any size."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


class Layout:
    """The blobs of an image that is being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, blob: Descriptor) -> Path:
        """Say where a blob lies."""
        return self._folder / str(blob["digest"]).partition(":")[2]

    def put(self, content: object, media_type: str) -> Descriptor:
        """Add JSON."""
        written = to_json(content)
        blob = {"mediaType": media_type, "digest": digest_of(written), "size": len(written)}
        self.path(blob).write_bytes(written)
        return blob

    def put_layer(self, files: Files) -> Descriptor:
        """Add a layer of files."""
        path = self._folder / "layer"
        write_tar(path, files)
        blob = {"mediaType": LAYER, "digest": digest_of_file(path), "size": path.stat().st_size}
        path.rename(self.path(blob))
        return blob

    def take(self, source: IO[bytes], blob: Descriptor) -> Path:
        """Add a blob that comes from elsewhere, and return where it lies. Raises ImageError if it is another."""
        path = self.path(blob)
        try:
            with source, path.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
        except (ConnectionError, TimeoutError):
            raise ImageError("the base did not come whole: try again") from None
        if digest_of_file(path) != blob["digest"]:
            raise ImageError(f"what came as {blob['digest']} has another SHA-256: fetch the base again")
        return path

    def write(self, path: Path, manifest: Descriptor, blobs: Iterable[Descriptor], name: str) -> None:
        """Write the archive of one image, under a name that podman and docker give it when they load it."""
        config, *layers = [f"blobs/sha256/{self.path(blob).name}" for blob in blobs]
        annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**manifest, "annotations": annotations}]}
        # What docker reads that does not keep its images in containerd.
        listed = [{"Config": config, "RepoTags": [name], "Layers": layers}]
        files: Files = {
            "oci-layout": of_bytes(to_json({"imageLayoutVersion": "1.0.0"})),
            "index.json": of_bytes(to_json(index)),
            "manifest.json": of_bytes(to_json(listed)),
            **{f"blobs/sha256/{self.path(blob).name}": of_path(self.path(blob)) for blob in [manifest, *blobs]},
        }
        write_tar(path, files)
