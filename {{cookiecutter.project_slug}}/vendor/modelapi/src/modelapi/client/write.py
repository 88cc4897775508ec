"""Write clients of the API, typed for the current model: a Python wheel and an npm package, which need nothing else."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from modelapi import package
from modelapi.client import packages
from modelapi.client.archives import write_tgz
from modelapi.client.model import Model
from modelapi.options import Options
from modelapi.package import PackageError
from modelapi.process.preflight import load_settings
from modelapi.project import current_project
from modelapi.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Write them and say how they are installed, or exit with one line that says why not."""
    parser = Options("client", "Not written", str(__doc__), "", "--output dist")
    parser.add_argument("--output", type=Path, default=Path("clients"), help="the folder for them (default: clients)")
    options: argparse.Namespace = parser.read(arguments)
    project = current_project()
    try:
        settings = load_settings(project)
        folder = package.current(settings.model_dir)
        manifest = package.verify(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)
        model = Model(project, manifest, package.read_signature(folder), settings)
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not written: {error}")
    for path, command in zip(write(options.output, model), ("pip", "npm"), strict=True):
        shown = path if path.is_absolute() else f"./{path.as_posix()}"  # npm would look for clients/… at GitHub.
        print(f"{command} install {shown}  # {path.stat().st_size / 1000:,.0f} kB, for model {manifest.version}")


def write(folder: Path, model: Model) -> tuple[Path, Path]:
    """Write the wheel, the archive for npm and, to look at, the folder with the same files; removes earlier ones."""
    folder.mkdir(parents=True, exist_ok=True)
    name, content = packages.wheel(model)
    wheel, archive = folder / name, folder / f"{model.name}-{model.version}.tgz"
    for old in (*folder.glob(f"{model.module}-*.whl"), *folder.glob(f"{model.name}-*.tgz")):
        old.unlink()
    wheel.write_bytes(content)
    files = packages.npm(model)
    archive.write_bytes(write_tgz({f"package/{name}": text for name, text in files.items()}))
    shown = folder / model.name
    shutil.rmtree(shown, ignore_errors=True)
    shown.mkdir()
    for name, text in files.items():
        (shown / name).write_bytes(text)
    return wheel, archive
