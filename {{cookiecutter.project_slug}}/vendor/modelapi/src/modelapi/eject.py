"""From a notebook to a project: the template's own, with the notebook's model packaged in it."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404 # It runs this library.
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

from modelapi.packaging import Live, package_live
from modelapi.project import current_project
from modelapi.settings import PackageSettings
from modelapi.template import bake, check_name, origin


def eject(given: Live, folder: Path, template: str | None, answers: Mapping[str, str]) -> Path:
    """Bake the template, package the model there, and describe it in docs/swagger.yaml. Raises TemplateError."""
    check_name(folder.name)
    own = current_project().root
    source, commit = (template, None) if template else origin(own)
    project = bake(source, commit, folder.resolve(), answers)
    if (own / "features").is_dir():  # The model's transformers.
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(own / "features", project / "features", ignore=ignored, dirs_exist_ok=True)
    with chdir(project):
        package_live(given, PackageSettings.load().model_copy(update={"model_dir": project / "artifacts"}))
    environ = os.environ | {"MODEL_DIR": "artifacts", "MODEL_SHA256": ""}
    command = [sys.executable, "-B", "-m", "modelapi", "docs"]
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True)  # nosec B603
    if done.returncode:
        print(f'Run "make docs" there, which failed here: {done.stderr.strip()}')
    print(f"Next: cd {folder} && make develop start")
    return project
