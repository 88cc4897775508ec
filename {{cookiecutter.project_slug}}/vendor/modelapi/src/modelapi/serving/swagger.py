"""Write docs/swagger.yaml: the OpenAPI document of the project's app, its own routes and the current model in it.

It is that of the default settings, so that it is the same on every machine.
"""

import re
import sys
from collections.abc import Sequence
from typing import Any

import yaml

from modelapi import package
from modelapi.options import Options
from modelapi.package import PackageError
from modelapi.project import current_project
from modelapi.serving.answers import Problem
from modelapi.serving.defaults import use_defaults
from modelapi.serving.predicting import COLUMNAR
from modelapi.settings import PackageSettings, SettingsError

# A title and a description are quoted as TOML and YAML both take it, so that they are the same as in pyproject.toml.
QUOTED = re.compile(r'["\\]')
CODED = re.compile(r"[\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


class _Dumper(yaml.SafeDumper):
    """Write an example that occurs twice in full, not as an alias, and all characters that can be as themselves."""

    def ignore_aliases(self, _data: object) -> bool:
        return True

    def write_double_quoted(self, text: str, split: bool = True) -> None:  # noqa: ARG002
        text = QUOTED.sub(r"\\\g<0>", text).replace("\n", r"\n")
        text = CODED.sub(lambda one: rf"\U{ord(one[0]):08x}", text)
        self.write_indicator(f'"{text}"', True)


class _Quoted(str):
    """Free text, which is quoted whatever it holds, so that a new name changes one line and no more."""


_Dumper.add_representer(
    _Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the document, or exit with one line that says why not."""
    parser = Options("docs", "Not written", str(__doc__), "", "--check")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if what is there is stale")
    options = parser.read(arguments)
    path = current_project().root / "docs" / "swagger.yaml"
    try:
        _check_model(PackageSettings.load())
        text = render(_describe())
    except (SettingsError, PackageError, Problem) as error:
        sys.exit(f"Not written: {error}")
    if not options.check:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"Wrote {path.parent.name}/{path.name}")
    elif not path.is_file() or path.read_text(encoding="utf-8") != text:
        sys.exit(f'{path.parent.name}/{path.name} is stale: run "make docs"')


def render(document: dict[str, Any]) -> str:
    """Return the YAML of an OpenAPI document."""
    info = {name: _Quoted(text) if isinstance(text, str) else text for name, text in document["info"].items()}
    content = {**document, "info": info}
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _check_model(settings: PackageSettings) -> None:
    """Raise PackageError with the reason, which an API without a model keeps to its log."""
    folder = package.current(settings.model_dir)
    package.load(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)


def _describe() -> dict[str, Any]:
    """Make the app with the default settings, and ask it for its document."""
    from modelapi.process.target import load_api  # The web framework.

    use_defaults()
    document: dict[str, Any] = load_api(current_project()).openapi()
    return _everywhere(document)


def _everywhere(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what an API takes only where pyarrow happens to be installed, as it is for training."""
    for operation in (one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)):
        for part in (operation.get("requestBody", {}), *operation.get("responses", {}).values()):
            for media_type in COLUMNAR:
                part.get("content", {}).pop(media_type, None)
    return document
