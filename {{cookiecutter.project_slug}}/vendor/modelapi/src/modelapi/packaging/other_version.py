"""Package a model of another scikit-learn: `modelapi package` itself runs in an environment that has it.

A graph needs no scikit-learn, so the engine is onnx; it is compared with the estimator there, and loaded here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess  # nosec B404 # It runs this library.
import sys
import tempfile
from pathlib import Path

import modelapi
from modelapi.engines import ENGINES, EngineError, engine_module
from modelapi.engines.bare import try_load
from modelapi.package import Manifest, current, read_manifest, read_signature
from modelapi.package.background import Background
from modelapi.package.baseline import Baseline
from modelapi.package.manifest import BACKGROUND
from modelapi.packaging import environments
from modelapi.packaging.engine_choice import NO_ENGINE, save
from modelapi.packaging.exports import of_graph
from modelapi.packaging.stored_version import INSTALLED, installed
from modelapi.settings import PackageSettings

REFUSAL = "Not packaged: "
ANNOUNCED = 2  # Lines about a package that is only on its way.
PASSED_ON = ("model", "sample", "training", "target", "separator", "encoding")


def package_there(version: str, content: bytes, options: argparse.Namespace, settings: PackageSettings) -> Manifest:
    """Make the graph of a model file the current model. Raises EngineError or PackageError."""
    if options.engine not in (None, "onnx"):
        raise EngineError(f"a model of scikit-learn {version} is served by onnx only: {environments.remedy()}")
    engine_module("onnx")  # Else there is nothing to convert it for.
    print(f"The model is one of scikit-learn {version}, not {installed()}: it is converted where that is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        needed = environments.requirements(version, content)
        python = environments.make(Path(scratch, "environment"), version, needed)
        _package(python, options, Path(scratch))
        made = current(Path(scratch, "artifacts"))
        signature, reason = read_signature(made), read_manifest(made).reason
        exported = of_graph((made / ENGINES["onnx"].file).read_bytes())
        metrics = json.loads((made / "metrics.json").read_bytes())
        card = (made / "card.html").read_text(encoding="utf-8")
        baseline = Baseline.model_validate_json((made / "baseline.json").read_bytes())
        background = Background.model_validate_json((made / BACKGROUND).read_bytes()) if signature.explains else None
    try_load("onnx", exported.content, signature, settings.project.root)
    reason = f"{reason}, with scikit-learn {version}"
    return save(exported, "onnx", reason, signature, metrics, card, settings, baseline, background)


def _package(python: Path, options: argparse.Namespace, scratch: Path) -> None:
    """Let the Python of an environment package the model into a folder of its own. Raises EngineError."""
    # A copy, for what is installed beside this library is not for that Python.
    library = Path(modelapi.__file__).parent
    shutil.copytree(library, scratch / "lib" / library.name, ignore=shutil.ignore_patterns("__pycache__"))
    given = {name: getattr(options, name) for name in PASSED_ON if getattr(options, name)}
    given |= {"engine": "onnx", "scikit-learn": INSTALLED}
    command = [str(python), "-m", "modelapi", "package", *(f"--{name}={value}" for name, value in given.items())]
    environ = os.environ | {"PYTHONPATH": str(scratch / "lib"), "MODEL_DIR": str(scratch / "artifacts")}
    command += ["--verbose"] * options.verbose
    done = subprocess.run(command, env=environ, capture_output=True, text=True, errors="replace")  # nosec B603 # Ours.
    notes = done.stdout.splitlines()
    for note in notes if done.returncode else notes[:-ANNOUNCED]:
        print(note)
    if options.verbose:
        print(done.stderr, file=sys.stderr)
    if done.returncode:
        *_, line = done.stderr.splitlines() or ["it gives no reason"]
        reason = line.removeprefix(REFUSAL)
        raise EngineError(f"{reason}; {environments.remedy()}" if reason.startswith(NO_ENGINE) else reason)
