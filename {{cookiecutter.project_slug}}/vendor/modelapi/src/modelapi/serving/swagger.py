"""Write docs/swagger.yaml from the current model: `make docs`."""

import sys

import yaml

from modelapi.serving.openapi import document
from modelapi.settings import ROOT, Settings, SettingsError, load_settings
from modelapi import package
from modelapi.package import PackageError
from modelapi.signature import Signature

SWAGGER = ROOT / "docs" / "swagger.yaml"


class _Dumper(yaml.SafeDumper):
    """Write an example that occurs twice in full, not as an alias."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


class _Quoted(str):
    """Free text, which is quoted whatever it holds, so that a new name changes one line and no more."""


_Dumper.add_representer(
    _Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


def main() -> None:
    """Write the document, or exit with one line that says why not."""
    try:
        settings = load_settings()
        folder = package.current(settings.model_dir)
        model = package.load(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not written: {error}")
    SWAGGER.write_text(render(modelapi.signature), encoding="utf-8", newline="\n")
    print(f"Wrote {SWAGGER.parent.name}/{SWAGGER.name}")


def render(signature: Signature) -> str:
    """Return the YAML of the OpenAPI document under the default settings."""
    content = document(signature, Settings.model_construct())
    content["info"] = {name: _Quoted(text) for name, text in content["info"].items()}
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


if __name__ == "__main__":
    main()
