"""Put the skeleton of a project around what is in this folder, without touching a file that is there.

What the template has and the folder lacks is added. Where both have a file, that of the folder stays, and that of the
template is laid into skeleton/, to take from it what is needed. The template's questions are answered as in
framework=flask; what is not answered is as the template suggests.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess  # nosec B404 # It runs git.
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from modelapi.options import Options
from modelapi.template import TEMPLATE, TemplateError, bake, check_name

ASIDE = "skeleton"
REMEDIES = {
    "pyproject.toml": "take over [tool.modelapi], by which modelapi finds the project, and [project] if you have none",
    "Makefile": f"its verbs work meanwhile as in: make -f {ASIDE}/Makefile develop",
    ".gitignore": "take over artifacts/, .venv/ and .env*",
    **dict.fromkeys(("AGENTS.md", "README.md", "LICENSE", "SECURITY.md"), "nothing has to be done"),
}


class Adopted(NamedTuple):
    """The names of the files that were added, and of those that are not what the template has."""

    added: list[str]
    kept: list[str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Add what is not there and name what differs, or exit with one line that says why not."""
    examples = ("", "framework=flask ci=gitlab project_slug=churn-api", "--template ../cookiecutter-model-api")
    parser = Options("adopt", "Not adopted", str(__doc__), *examples)
    parser.add_argument("answers", nargs="*", default=(), metavar="QUESTION=ANSWER", help="to the template's questions")
    parser.add_argument("--template", help="a folder or an address (default: where it is published)")
    options = parser.read(arguments)
    try:
        adopted = adopt(Path.cwd(), options.template or TEMPLATE, read_answers(options.answers))
    except TemplateError as error:
        sys.exit(f"Not adopted: {error}")
    print(f"{len(adopted.added)} files were added, which git status shows; none was changed.")
    for name in adopted.kept:
        print(f"{name} is yours, and stays: {REMEDIES.get(name, 'compare the two')}")
    if adopted.kept:
        print(f"Those of the template are in {ASIDE}/: take from them what you need, then delete it.")
    make = f"make -f {ASIDE}/Makefile" if "Makefile" in adopted.kept else "make"
    before = f"take over [tool.modelapi] from {ASIDE}/pyproject.toml, then " if "pyproject.toml" in adopted.kept else ""
    print(f"Next: {before}{make} develop && {make} train DATA=table.csv TARGET=column && {make} docs start")


def adopt(folder: Path, template: str, answers: dict[str, str]) -> Adopted:
    """Bake the template elsewhere, and add the files of it that a folder lacks. Raises TemplateError."""
    name = answers.pop("project_slug", None) or "-".join(re.findall("[a-z0-9]+", folder.name.lower()))
    try:
        check_name(name)
    except TemplateError as error:
        raise TemplateError(f"{error}, in project_slug=…") from None
    _check_repository(folder)
    with TemporaryDirectory() as temporary:
        made = bake(template, None, Path(temporary, name), answers)
        names = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
        if "license" not in answers:
            names.remove("LICENSE")  # Which one a repository has, and whether any, is for nobody else to say.
        _check_modules(folder, names)
        added = [name for name in names if _is_free(folder, name)]
        kept = [name for name in names if name not in added and not _is_same(folder / name, made / name)]
        if kept and os.path.lexists(folder / ASIDE):
            raise TemplateError(f"{ASIDE}/ is there already: delete it when you have taken from it what you need")
        _copy(made, folder, added)
        _copy(made, folder / ASIDE, kept)
    return Adopted(added, kept)


def read_answers(given: Iterable[str]) -> dict[str, str]:
    """Read answers such as framework=flask. Raises TemplateError."""
    for one in given:
        if "=" not in one:
            raise TemplateError(f"{one} answers no question: write it as framework=flask")
    return dict(one.split("=", 1) for one in given)


def _check_repository(folder: Path) -> None:
    """Let git be able to show what was added, and to undo it."""
    try:
        status = subprocess.run(  # nosec B603, B607
            ["git", "status", "--porcelain", "--", "."], cwd=folder, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise TemplateError("git is not installed, which shows what is added: install it") from None
    if status.returncode:
        raise TemplateError('this is no git repository, which would show what is added: run "git init" and commit')
    if status.stdout:
        raise TemplateError("there are changes that are not committed: commit or stash them, to see what is added")


def _check_modules(folder: Path, names: Sequence[str]) -> None:
    """Let no package of the template hide a module."""
    for package in {name.split("/")[0] for name in names if name.endswith("__init__.py")}:
        if (folder / f"{package}.py").is_file():
            raise TemplateError(f"the template's folder {package}/ would hide your {package}.py: rename it first")


def _is_free(folder: Path, name: str) -> bool:
    """Tell whether a file can be added without writing over a file or through a link."""
    above = [folder / parent for parent in Path(name).parents]
    return not os.path.lexists(folder / name) and all(
        (parent.is_dir() and (parent == folder or not parent.is_symlink())) or not os.path.lexists(parent)
        for parent in above
    )


def _is_same(one: Path, other: Path) -> bool:
    return one.is_file() and filecmp.cmp(one, other, shallow=False)


def _copy(source: Path, target: Path, names: Iterable[str]) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target / name)
