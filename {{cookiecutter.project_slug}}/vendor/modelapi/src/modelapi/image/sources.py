"""Where the parts of a base image come from: a registry that speaks HTTPS, or an OCI layout in a folder or a tar."""

from __future__ import annotations

import json
import re
import tarfile
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

from modelapi.image import ImageError
from modelapi.image.layout import INDEX, MANIFEST, Descriptor, digest_of

TYPES = (
    INDEX,
    MANIFEST,
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
REFERENCE = re.compile(
    r"(?:(?P<host>localhost(?::\d+)?|[^/]*[.:][^/]*)/)?(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
LOOPBACK = ("localhost", "127.0.0.1")  # Where a registry needs no TLS.
TIMEOUT = 60  # Seconds without a byte.
DOCKER_HUB = "registry-1.docker.io"


class Source(ABC):
    """What has the blobs of an image."""

    @abstractmethod
    def root(self) -> bytes:
        """Return the index or the manifest of the image. Raises ImageError."""

    @abstractmethod
    def open(self, blob: Descriptor) -> IO[bytes]:
        """Open a blob, or a manifest that an index names. Raises ImageError."""

    def close(self) -> None:  # noqa: B027
        """Let go of what is open."""


def find_source(reference: str) -> Source:
    """Take what is there for a folder or a tar, and all else for an image in a registry. Raises ImageError."""
    path = Path(reference)
    if path.exists():
        return LayoutSource(path)
    if reference.endswith(".tar") or reference.startswith((".", "/", "~")):
        raise ImageError(f"{reference} is not there: BASE=… names a folder, a tar, or an image in a registry")
    return Registry(reference)


class LayoutSource(Source):
    """An OCI layout, as `podman save --format oci-archive` or `skopeo copy … oci:FOLDER` writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._tar = tarfile.open(path) if path.is_file() else None  # noqa: SIM115
        except tarfile.TarError:
            raise self._refuse("is no tar") from None

    def root(self) -> bytes:  # noqa: D102
        with self._read("index.json") as file:
            return file.read()

    def open(self, blob: Descriptor) -> IO[bytes]:  # noqa: D102
        return self._read(f"blobs/{str(blob['digest']).replace(':', '/')}")

    def _read(self, name: str) -> IO[bytes]:
        try:
            file = self._tar.extractfile(name) if self._tar else (self._path / name).open("rb")
        except (KeyError, OSError):
            file = None
        if file is None:
            raise self._refuse(f"lacks {name}")
        return file

    def _refuse(self, why: str) -> ImageError:
        return ImageError(
            f'{self._path} {why}: it must be in the OCI layout, as "podman save --format oci-archive" writes it'
        )

    def close(self) -> None:  # noqa: D102
        if self._tar:
            self._tar.close()


class Registry(Source):
    """An image in a registry that anybody may read from, by version 2 of its API."""

    def __init__(self, reference: str) -> None:
        found = REFERENCE.fullmatch(reference)
        if found is None:
            raise ImageError(f"{reference} is neither a file nor the name of an image, as python:3.14-slim@sha256:…")
        host, name = found["host"] or "docker.io", found["name"]
        if host == "docker.io":
            host, name = DOCKER_HUB, name if "/" in name else f"library/{name}"
        self._reference, self._tag = reference, found["tag"] or "latest"
        self.digest: str | None = found["digest"]
        self._schemes = ("https", "http") if urlsplit(f"//{host}").hostname in LOOPBACK else ("https",)
        self._url = f"{self._schemes[-1]}://{host}/v2/{name}"
        self._token = ""

    def root(self) -> bytes:  # noqa: D102
        with self._get(f"manifests/{self.digest or self._tag}") as file:
            content = file.read()
        if self.digest and self.digest != digest_of(content):
            raise self._refuse("answers with an image of another digest")
        return content

    def open(self, blob: Descriptor) -> IO[bytes]:  # noqa: D102
        kind = "manifests" if blob["mediaType"] in TYPES else "blobs"
        return self._get(f"{kind}/{blob['digest']}")

    def _get(self, path: str) -> IO[bytes]:
        request = urllib.request.Request(f"{self._url}/{path}", headers={"Accept": ", ".join(TYPES)})
        if self._token:  # Not for the storage that a registry may point to.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            answer: IO[bytes] = urllib.request.urlopen(request, timeout=TIMEOUT)  # nosec B310 # HTTP or HTTPS.
            return answer
        except HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            if error.code == 401 and not self._token and challenge.startswith("Bearer "):
                self._token = self._fetch_token(challenge)
                return self._get(path)
            raise self._refuse(f"answers {error.code}") from None
        except OSError as error:
            raise self._refuse(f"cannot be reached ({getattr(error, 'reason', error)})") from None

    def _fetch_token(self, challenge: str) -> str:
        """Get the token that a registry gives to anybody."""
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = fields.pop("realm", "")
        if urlsplit(realm).scheme not in self._schemes:
            raise self._refuse("asks for a token in a way that is not known")
        with urllib.request.urlopen(f"{realm}?{urlencode(fields)}", timeout=TIMEOUT) as answer:  # nosec B310 # HTTP or HTTPS.
            found = json.load(answer)
        return str(found.get("token") or found.get("access_token") or "-")

    def _refuse(self, what: str) -> ImageError:
        return ImageError(
            f"the registry of {self._reference} {what}: bring the image by "
            '"skopeo copy docker://… oci-archive:base.tar" and name it by BASE=base.tar'
        )
