"""The bill of materials of an image, as CycloneDX: the libraries, the model, the base and Debian's packages in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from modelapi.image.base import Base
from modelapi.image.labels import Model
from modelapi.image.wheels import Wheel
from modelapi.project import Project

Component = dict[str, Any]
MAX_LICENCE = 100  # Characters; some packages have the whole text there.


def describe(project: Project, wheels: Iterable[Wheel], base: Base, model: Model, created: str) -> dict[str, Any]:
    """Write the document. created : when, as ISO 8601."""
    own: Component = {"type": "application", "bom-ref": project.name, "name": project.name, "version": project.version}
    components = [
        _model(model),
        _base(base),
        *(_library(wheel) for wheel in wheels),
        *(_debian(name, version, base.machine) for name, version in sorted(base.debian.items())),
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": created, "component": own},
        "components": components,
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }


def _library(wheel: Wheel) -> Component:
    purl = f"pkg:pypi/{wheel.name}@{wheel.metadata['Version']}"
    found: Component = {
        "type": "library",
        "bom-ref": purl,
        "name": wheel.name,
        "version": str(wheel.metadata["Version"]),
        "purl": purl,
    }
    if not wheel.built:  # Of what is built here the bits are those of this machine's zlib.
        found["hashes"] = [{"alg": "SHA-256", "content": wheel.sha256}]
    if expression := wheel.metadata["License-Expression"]:
        found["licenses"] = [{"expression": str(expression)}]
    elif (name := str(wheel.metadata["License"] or "")) and len(name) <= MAX_LICENCE and "\n" not in name:
        found["licenses"] = [{"license": {"name": name}}]
    return found


def _model(model: Model) -> Component:
    manifest = model.manifest
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model-{manifest.version}",
        "name": manifest.name,
        "version": manifest.version,
        "hashes": [{"alg": "SHA-256", "content": model.sha256}],
    }


def _base(base: Base) -> Component:
    return {
        "type": "container",
        "bom-ref": "base",
        "name": "base",
        "version": base.digest,
        "hashes": [{"alg": "SHA-256", "content": base.digest.partition(":")[2]}],
    }


def _debian(name: str, version: str, machine: str) -> Component:
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={machine}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
