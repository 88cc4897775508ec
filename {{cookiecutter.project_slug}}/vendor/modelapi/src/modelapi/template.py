"""The template that projects are made of, and how cookiecutter makes one of it."""

from __future__ import annotations

import json
import logging
import re
import subprocess  # nosec B404 # Cookiecutter runs git.
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATE = "gh:OWNER/cookiecutter-model-api"
NAME = re.compile("[a-z]([a-z0-9-]{0,58}[a-z0-9])?")  # Of an image and of a package too.


class TemplateError(RuntimeError):
    """A project that was not made; the message says why, in a sentence."""


def check_name(name: str) -> None:
    """Raise TemplateError if a folder cannot be called so."""
    if not NAME.fullmatch(name):
        raise TemplateError(
            f"{name} cannot be the name of a project: take up to 60 lower-case letters, digits and hyphens"
        )


def origin(project: Path) -> tuple[str, str | None]:
    """Tell where the template is that this project was made of, and its commit; else where it is published."""
    try:
        made = json.loads((project / ".cruft.json").read_text(encoding="utf-8"))
        return str(made["template"]), str(made["commit"])
    except (OSError, ValueError, LookupError, TypeError):
        return _origin_by_copier(project) or (TEMPLATE, None)


def _origin_by_copier(project: Path) -> tuple[str, str] | None:
    try:
        answers = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    made = dict(re.findall("^(_src_path|_commit): '?(.+?)'?$", answers, re.MULTILINE))
    return (made["_src_path"], made["_commit"]) if len(made) == 2 else None


def bake(template: str, commit: str | None, folder: Path, answers: Mapping[str, str]) -> Path:
    """Make a project in a new folder, which gives it its name, and return the folder. Raises TemplateError."""
    try:
        from cookiecutter import config, exceptions, main, repository
    except ModuleNotFoundError:
        raise TemplateError("cookiecutter is not installed: install modelapi[notebook]") from None

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
        raise TemplateError(f"{folder} exists: name a new folder") from None
    except (exceptions.CookiecutterException, subprocess.CalledProcessError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise TemplateError(
            f"the template {template} made no project ({reason}): name another, as a folder with a copy"
        ) from None
    return Path(made)


def check_answers(answers: Mapping[str, str], questions: Mapping[str, Any]) -> None:
    """Raise TemplateError if the template does not ask for something, or takes another answer."""
    asked = [name for name in questions if not name.startswith("_")]
    for name, answer in answers.items():
        if name not in asked:
            raise TemplateError(f"the template does not ask for {name}: it asks for {', '.join(asked)}")
        if isinstance(questions[name], list) and answer not in questions[name]:
            raise TemplateError(f"{name} cannot be {answer}: take {' or '.join(questions[name])}")
