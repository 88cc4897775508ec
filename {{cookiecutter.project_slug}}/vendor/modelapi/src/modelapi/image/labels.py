"""The labels of an image: what the project is, and which model is in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelapi import package
from modelapi.image import ImageError
from modelapi.package import Manifest, versions
from modelapi.package.manifest import MANIFEST, file_digest
from modelapi.project import Project
from modelapi.settings import PackageSettings


@dataclass(frozen=True)
class Model:
    """The model package that goes into an image."""

    folder: Path
    manifest: Manifest
    sha256: str
    """Of its manifest.json, as MODEL_SHA256 has it."""


def find_model(settings: PackageSettings, version: str | None) -> Model:
    """Find a version, or the current one, and check its files. Raises PackageError."""
    artifacts = settings.model_dir
    folder = versions.find(artifacts, version) if version else package.current(artifacts)
    manifest = package.inspect(folder, sha256=settings.model_sha256)
    return Model(folder, manifest, file_digest(folder / MANIFEST))


def find_created(model: Model) -> str:
    """Tell when an image was made: SOURCE_DATE_EPOCH or, as a clock makes no two images alike, when its model was."""
    try:
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        made = datetime.fromtimestamp(int(epoch), UTC) if epoch else model.manifest.created
    except (ValueError, OverflowError, OSError):
        raise ImageError("SOURCE_DATE_EPOCH has a value that is not allowed: it must be seconds since 1970") from None
    return f"{made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def make_labels(project: Project, model: Model) -> dict[str, str]:
    """Say what OCI has words for, and which model is inside."""
    manifest = model.manifest
    labels = {
        "org.opencontainers.image.title": project.title,
        "org.opencontainers.image.description": project.description,
        "org.opencontainers.image.version": project.version,
        "org.opencontainers.image.licenses": project.license,
        "org.opencontainers.image.created": find_created(model),
        "modelapi.model.name": manifest.name,
        "modelapi.model.version": manifest.version,
        "modelapi.model.engine": manifest.engine,
        "modelapi.model.sha256": model.sha256,
    }
    return {name: value for name, value in labels.items() if value}
