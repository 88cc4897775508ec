"""Make the container image of the API and a model without a container engine: an OCI archive, and what is in it.

It is the image that `make build` makes: the last stage of the Dockerfile says how it runs and which files it has, the
pins say which wheels. Nothing runs on the way, so it can be for another processor than this one. The same project,
model and base make the same bits, wherever and whenever. Wheels come from the package index that pip knows.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from modelapi.image import ImageError
from modelapi.image.base import Base, take_base
from modelapi.image.contents import find_contents
from modelapi.image.dockerfile import Dockerfile
from modelapi.image.labels import Model, find_created, find_model, make_labels
from modelapi.image.layers import of_bytes
from modelapi.image.layout import CONFIG, MANIFEST, Descriptor, Layout, to_json
from modelapi.image.pins import collect
from modelapi.image.sbom import describe
from modelapi.image.wheels import MACHINES, Target, install
from modelapi.options import Options
from modelapi.package import PackageError
from modelapi.project import Project, current_project
from modelapi.settings import PackageSettings, SettingsError

SBOM = "sbom.cdx.json"
NEED_OPENMP = ("lightgbm", "xgboost")
PLATFORMS = [f"linux/{machine}" for machine in MACHINES]


class Made(NamedTuple):
    """An image that was made: the digest of its manifest, and the base that it stands on."""

    digest: str
    base: Base


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the image and say what it is and how it is loaded, or exit with one line that says why not."""
    parser = Options("image", "No image", str(__doc__), "", "--base python-slim.oci.tar --platform linux/arm64")
    parser.add_argument("--output", type=Path, help="the archive to write (default: the project's name with .oci.tar)")
    parser.add_argument("--base", help="an image, an OCI archive or a folder (default: what the Dockerfile is FROM)")
    parser.add_argument("--platform", choices=PLATFORMS, default=PLATFORMS[0], help="(default: %(default)s)")
    parser.add_argument("--model-version", help="a folder in artifacts/ (default: the current one)")
    parser.add_argument("--labels", action="store_true", help="only print the labels, as options of docker and podman")
    options: argparse.Namespace = parser.read(arguments)
    project = current_project()
    path = options.output or Path(f"{project.name}.oci.tar")
    try:
        model = find_model(PackageSettings.load(), options.model_version)
        if options.labels:
            print(" ".join(f"--label {shlex.quote(f'{k}={v}')}" for k, v in make_labels(project, model).items()))
            return
        made = write(path, project, model, options.base, options.platform)
    except (SettingsError, PackageError, ImageError) as error:
        sys.exit(f"No image: {error}")
    print(
        f"{path}: {path.stat().st_size / 1_000_000:,.0f} MB for {options.platform}, with model {model.manifest.version}"
    )
    print(f"{_beside(path)}: what is in it, as CycloneDX")
    print(f"Its digest is {made.digest}")
    if made.base.pin:
        print(f"The next one is the same as long as the base is: FROM {made.base.pin} in the Dockerfile pins it")
    print(f"Next: podman load -i {path}, docker load -i {path} or, for a registry,")
    print(f"skopeo copy --preserve-digests oci-archive:{path} docker://…")


def write(path: Path, project: Project, model: Model, reference: str | None, platform: str) -> Made:
    """Write the archive and, beside it, the bill of materials. Raises ImageError."""
    if path.is_dir() or not path.parent.is_dir():
        raise ImageError(f"{path} cannot be a file: name one in a folder that is there")
    dockerfile = Dockerfile(project.root / "Dockerfile")
    created = find_created(model)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".image-") as scratch:
        layout = Layout(Path(scratch))
        base = take_base(reference or dockerfile.base, platform, layout)
        config = dockerfile.configure(base.config.get("config") or {})
        config["Labels"] = {**(config.get("Labels") or {}), **make_labels(project, model)}
        _check_system(base, model)
        contents = find_contents(project.root, dockerfile, config.get("WorkingDir") or "/", model)
        target = Target(base.python_version, base.machine)
        wheels = collect(project.root, model.folder / "requirements.txt", target, Path(scratch))
        sbom = to_json(describe(project, wheels, base, model, created))
        contents.model[f"{contents.workdir}/{SBOM}"] = of_bytes(sbom)
        environment = install(wheels, contents.venv, base.python, target)
        # What changes least comes first: with a new model alone, all layers but the last are as they were.
        layers = [layout.put_layer(files) for files in (environment, contents.project, contents.model)]
        manifest, blobs = _put(layout, base, config, layers, created)
        draft = Path(scratch) / "archive"
        layout.write(draft, manifest, blobs, f"docker.io/library/{project.name}:latest")
        _beside(path).write_bytes(sbom)
        draft.replace(path)
    return Made(str(manifest["digest"]), base)


def _beside(path: Path) -> Path:
    """Name the bill of materials of an archive."""
    return path.with_name(path.name.removesuffix(".tar").removesuffix(".oci") + ".cdx.json")


def _put(
    layout: Layout, base: Base, config: dict[str, Any], layers: Sequence[Descriptor], created: str
) -> tuple[Descriptor, list[Descriptor]]:
    """Add the image's configuration and manifest; return the manifest and all that it names."""
    made = [{"created": created, "created_by": "modelapi image"} for _ in layers]
    content = {
        **{name: base.config[name] for name in ("architecture", "os", "variant") if name in base.config},
        "created": created,
        "config": config,
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base.config["rootfs"]["diff_ids"], *(one["digest"] for one in layers)],
        },
        "history": [*base.config.get("history", []), *made],
    }
    blobs = [layout.put(content, CONFIG), *base.layers, *layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blobs[0],
        "layers": blobs[1:],
        "annotations": {**config["Labels"], "org.opencontainers.image.base.digest": base.digest},
    }
    return layout.put(manifest, MANIFEST), blobs


def _check_system(base: Base, model: Model) -> None:
    """Raise ImageError where a library of the system is missing, which the wheels of boosters do not bring along."""
    needing = [name for name in NEED_OPENMP if name in model.manifest.libraries]
    if needing and not base.openmp:
        raise ImageError(
            f"{' and '.join(needing)} needs libgomp1, which the base lacks: "
            'name one that has it by BASE=…, or run "make build"'
        )
