"""From a notebook to a project: the template's own, with the notebook's model packaged in it."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess  # nosec B404 # It runs this library.
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

from modelapi.packaging import Live, package_live
from modelapi.project import current_project
from modelapi.settings import PackageSettings

TEMPLATE = "gh:OWNER/cookiecutter-model-api"
NAME = re.compile("[a-z]([a-z0-9-]{0,58}[a-z0-9])?")  # Of an image and of a package too.


class EjectError(RuntimeError):
    """A project that was not written; the message says why, in a sentence."""


def eject(given: Live, folder: Path, template: str | None, answers: Mapping[str, str]) -> Path:
    """Bake the template, package the model there, and describe it in docs/swagger.yaml. Raises EjectError."""
    if not NAME.fullmatch(folder.name):
        raise EjectError(
            f"{folder.name} cannot be the name of a project: take up to 60 lower-case letters, digits and hyphens"
        )
    own = current_project().root
    source, commit = (template, None) if template else _known(own)
    project = _bake(source, commit, folder.resolve(), answers)
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


def _known(project: Path) -> tuple[str, str | None]:
    """Tell where the template is that this project was made of, and its commit; else where it is published."""
    try:
        made = json.loads((project / ".cruft.json").read_text(encoding="utf-8"))
        return str(made["template"]), str(made["commit"])
    except (OSError, ValueError, LookupError, TypeError):
        return TEMPLATE, None


def _bake(template: str, commit: str | None, folder: Path, answers: Mapping[str, str]) -> Path:
    try:
        from cookiecutter import config, exceptions, main, repository
    except ModuleNotFoundError:
        raise EjectError("eject needs cookiecutter: install modelapi[notebook]") from None

    logging.getLogger("cookiecutter").addHandler(logging.NullHandler())  # It logs what it raises too.
    words = ["API" if word == "api" else word.capitalize() for word in folder.name.split("-")]
    given: dict[str, Any] = {"project_name": " ".join(words), "project_slug": folder.name, **answers}
    try:
        known = config.get_user_config()
        root, _ = repository.determine_repo_dir(
            template, known["abbreviations"], known["cookiecutters_dir"], commit, no_input=True
        )
        check_answers(given, json.loads(Path(root, "cookiecutter.json").read_text(encoding="utf-8")))
        given["_example"] = False  # Or what is said of the example would be said of this model.
        made = main.cookiecutter(root, no_input=True, extra_context=given, output_dir=str(folder.parent))
    except exceptions.OutputDirExistsException:
        raise EjectError(f"{folder} exists: name a new folder") from None
    except (exceptions.CookiecutterException, subprocess.CalledProcessError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise EjectError(
            f"the template {template} made no project ({reason}): name another by template=, as a folder with a copy"
        ) from None
    return Path(made)


def check_answers(answers: Mapping[str, str], questions: Mapping[str, Any]) -> None:
    """Raise EjectError if the template does not ask for something, or takes another answer."""
    asked = [name for name in questions if not name.startswith("_")]
    for name, answer in answers.items():
        if name not in asked:
            raise EjectError(f"the template does not ask for {name}: it asks for {', '.join(asked)}")
        if isinstance(questions[name], list) and answer not in questions[name]:
            raise EjectError(f"{name} cannot be {answer}: take {' or '.join(questions[name])}")
