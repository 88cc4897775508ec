"""Write one HTML file that is the current model: a page that predicts by itself, opened without a server or a network.

It is written only if its scripts answer as the engine does, on records drawn from the model's signature, when Node.js
or a browser runs them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from modelapi import package
from modelapi.engines import ENGINES, EngineError
from modelapi.options import Options
from modelapi.package import Package, PackageError
from modelapi.page import html, parity
from modelapi.page.contents import contents
from modelapi.page.draw import draw
from modelapi.scoring.adjusting import ApiError, find_adjust
from modelapi.settings import PackageSettings, SettingsError

SUFFIXES = (".html", ".htm")  # By which browsers and systems know what it is.
N_RECORDS = 1_000  # On which the page is compared with the engine.


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, or exit with one line that says why not."""
    parser = Options("page", "Not written", str(__doc__), "--output titanic.html")
    parser.add_argument("--output", type=Path, help="the HTML file to write")
    options: argparse.Namespace = parser.read(arguments, "output")
    try:
        print(write(options.output, PackageSettings.load()))
    except (SettingsError, PackageError, ApiError, EngineError) as error:
        sys.exit(f"Not written: {error}")


def write(path: Path, settings: PackageSettings) -> str:
    """Write the page of the current model, and say how large it is and what it was checked by.

    Raises EngineError if it would not answer as the API does, and what loading a model raises.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise EngineError(f"{path} would be opened as something else: name an HTML file, as OUTPUT={path.stem}.html")
    if path.is_dir() or not path.parent.is_dir():
        raise EngineError(f"{path} cannot be a file: name one in a folder that is there")
    folder = package.current(settings.model_dir)
    model = package.load(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)
    _check_kind(model)
    graph = (folder / ENGINES["onnx"].file).read_bytes()
    policy = settings.unknown_categories
    content = contents(model, graph, settings.project, policy)
    files = html.find_files(settings.project.root)
    words = [word for how in content["graph"]["words"].values() for word in how["vocabulary"]]
    records = [model.signature.example(), *draw(model.signature, N_RECORDS - 1, policy, words)]
    adjust = find_adjust(settings.project)
    try:
        program = parity.check(model, content, records, files, policy=policy, adjust=adjust)
    except EngineError as error:
        raise EngineError(f"the page cannot be this model, for {error}") from error
    page = html.render(files, settings.project.title, content)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(page, encoding="utf-8", newline="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return (
        f"{path}: {path.stat().st_size / 1000:,.0f} kB, which answer {N_RECORDS:,} records as the API does "
        f"(checked in {program})"
    )


def _check_kind(model: Package) -> None:
    """Raise EngineError if a page cannot run the model, or would tell what the API does not."""
    if model.manifest.engine != "onnx":
        raise EngineError(f"the engine of this model is {model.manifest.engine}, and a page runs graphs of onnx alone")
    hidden = [one.name for one in model.signature.features if one.categories and not one.listed]
    if hidden:
        raise EngineError(
            f"the model holds the values of {', '.join(hidden)}, which its API lists to nobody: "
            "train one without (make train DROP=…)"
        )
