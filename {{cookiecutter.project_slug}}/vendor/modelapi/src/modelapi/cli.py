"""The command `modelapi`: one verb for each thing that is done with the project it stands in."""

from __future__ import annotations

import difflib
import errno
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from modelapi import __version__
from modelapi.project import ProjectError, current_project


class Verb(NamedTuple):
    """What a verb does, an example of its options, and the module whose main(arguments) does it."""

    module: str
    text: str
    example: str = ""


VERBS = {
    "train": Verb("modelapi.training.script", "Train the model on a table", "--data churn.csv --target churned"),
    "package": Verb("modelapi.packaging.fitted", "Package a fitted model", "--model my.joblib --sample rows.csv"),
    "rollback": Verb("modelapi.package.rollback", "Go back to the version before"),
    "serve": Verb("modelapi.process.serve", "Serve the API with the current model"),
    "score": Verb("modelapi.scoring.score", "Score a table", "--input rows.csv --output scored.csv"),
    "example": Verb("modelapi.serving.example", "Print a request to paste into a shell"),
    "docs": Verb("modelapi.serving.swagger", "Write docs/swagger.yaml"),
    "card": Verb("modelapi.package.card", "Say where the card is, and open it"),
    "share": Verb("modelapi.share", "Share the API by a public link", "--public"),
    "page": Verb("modelapi.page.write", "Write a page that is the model", "--output titanic.html"),
    "client": Verb("modelapi.client.write", "Write clients in Python and TypeScript", "--output dist"),
    "image": Verb("modelapi.image.build", "Make the container image, without an engine", "--platform linux/arm64"),
    "plan": Verb("modelapi.planning.plan", "Plan replicas for a load", "--rps 5000 --p99 50"),
    "adopt": Verb("modelapi.adopt", "Put a project around what is here", "framework=flask"),
    "api-key": Verb("modelapi.serving.api_key", "Make a key for the API", "--name ada"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what a verb says, in the project that the working directory is in."""
    verb, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if verb in ("-h", "--help", "help"):
        print(_help())
    elif verb == "--version":
        print(f"modelapi {__version__}")
    elif verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        sys.exit(f"modelapi has no verb {verb}: " + (f"did you mean {near[0]}?" if near else f"try {', '.join(VERBS)}"))
    else:
        _run(verb, rest)


def _run(verb: str, arguments: Sequence[str]) -> None:
    # Unlike `python -m`, an installed command does not look for modules where it stands: api, features, steps.
    try:
        current_project().make_importable()
    except ProjectError as error:
        sys.exit(f"modelapi {verb}: {error}")
    try:
        module = importlib.import_module(VERBS[verb].module)  # And no other: serving needs no pandas, training no web.
    except ModuleNotFoundError as error:
        sys.exit(f'modelapi {verb} needs {error.name}, which is not installed: run "make develop" first')
    try:
        module.main(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if remedy := _remedy(error):
            sys.exit(f"modelapi {verb}: {remedy}")
        raise


def _remedy(error: OSError) -> str | None:
    """Say what to do about a machine without room, or where this user may not write."""
    if str(error.strerror or error).startswith("No usable temporary directory"):
        return "there is no folder for temporary files: name one that this user can write by TMPDIR"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM):
        place = error.filename or "a file"
        return f"{place} cannot be written ({error.strerror}): make room there and let this user write it"
    return None


def _help() -> str:
    verbs = [f"  {name:<10} {verb.text:<38} {verb.example}".rstrip() for name, verb in VERBS.items()]
    return "\n".join(
        [
            "usage: modelapi VERB [options], in the folder of a project",
            "",
            *verbs,
            "",
            "modelapi VERB --help says more of each. The Makefile has the same verbs: make train DATA=churn.csv is",
            "modelapi train --data churn.csv. Settings, as MODEL_DIR, come from the environment and from .env.",
        ]
    )
