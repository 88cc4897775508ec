"""The files of a wheel and of an npm package."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from modelapi.client import python_source, typescript_source
from modelapi.client.archives import Files, write_wheel
from modelapi.client.declarations import one_line
from modelapi.client.model import Model
from modelapi.serving.example import address

HERE = Path(__file__).parent
INIT = '''\
"""{title}, asked from Python."""

from .base import Table
from .errors import ApiError, ClientError, ConnectError, Fault, ModelDiffers, ModelWarning
from .model import MODEL, Client, InputRecord, Prediction

__all__ = [
    "MODEL",
    "ApiError",
    "Client",
    "ClientError",
    "ConnectError",
    "Fault",
    "InputRecord",
    "ModelDiffers",
    "ModelWarning",
    "Prediction",
    "Table",
]
'''
README = """\
# {name}

{title}, asked from {language}: made for version {version} of its model, without dependencies.

```{fence}
{example}
```
{more}"""
PYTHON = """\
from {module} import Client, InputRecord

record: InputRecord = {record}
with Client("{url}", key=None) as client:
    answer = client.predict(record)
    print(answer.prediction, answer.model_version)
    table = client.predict_csv("rows.csv")  # A str is a path; bytes, a file and parts are the table.
    print(table.read().decode())  # Or pandas.read_csv(table), or block by block in a loop."""
NPM = """
The package is an ES module: a file with these lines is called `.mjs` or `.mts`, or its `package.json` says
`"type": "module"`.
"""
TYPESCRIPT = Template("""\
import { readFile } from "node:fs/promises";
import { Client } from "$name";

const client = new Client("$url");
const answer = await client.predict($record);
console.log(answer.prediction, answer.modelVersion);
const table = await client.predictCsv(await readFile("rows.csv")); // A string is the table, and no path.
console.log(await new Response(table.body).text()); // Or block by block in a loop.""")


def python(model: Model) -> Files:
    """Make the files of the Python package."""
    return {
        f"{model.module}/__init__.py": INIT.format(title=python_source.escaped(_title(model))).encode(),
        **{f"{model.module}/{path.name}": path.read_bytes() for path in _parts("python", ".py")},
        f"{model.module}/model.py": python_source.write(model).encode(),
        f"{model.module}/py.typed": b"",
    }


def wheel(model: Model) -> tuple[str, bytes]:
    """Make the wheel, and return its name too."""
    info = f"{model.module}-{model.version}"
    return f"{info}-py3-none-any.whl", write_wheel(info, _metadata(model), python(model))


def npm(model: Model) -> Files:
    """Make the files of the npm package."""
    example = TYPESCRIPT.substitute(
        name=model.name, url=address(model.settings), record=json.dumps(model.example, ensure_ascii=False)
    )
    manifest = {
        "name": model.name,
        "version": model.version,
        "description": _summary(model),
        **({"license": model.project.license} if model.project.license else {}),
        "type": "module",
        "exports": {".": {"types": "./index.d.ts", "default": "./index.js"}},
        "types": "./index.d.ts",
        "sideEffects": False,
        "engines": {"node": ">=20.3"},
    }
    return {
        "package.json": f"{json.dumps(manifest, indent=2, ensure_ascii=False)}\n".encode(),
        "README.md": _readme(model, "JavaScript and TypeScript", "typescript", example, NPM).encode(),
        **{path.name: path.read_bytes() for path in _parts("typescript", ".js", ".ts")},
        "index.js": typescript_source.write_module(model).encode(),
        "index.d.ts": typescript_source.write_types(model).encode(),
    }


def _parts(folder: str, *suffixes: str) -> list[Path]:
    """Find what is the same for every model."""
    return sorted(path for path in (HERE / folder).iterdir() if path.suffix in suffixes and path.stem != "__init__")


def _metadata(model: Model) -> str:
    head = {
        "Metadata-Version": "2.4",
        "Name": model.name,
        "Version": model.version,
        "Summary": _summary(model),
        "License-Expression": model.project.license,
        "Requires-Python": ">=3.11",
        "Description-Content-Type": "text/markdown",
    }
    lines = "".join(f"{name}: {value}\n" for name, value in head.items() if value)
    record = python_source.literal(model.example)
    example = PYTHON.format(module=model.module, url=address(model.settings), record=record)
    return f"{lines}\n{_readme(model, 'Python', 'python', example)}"


def _readme(model: Model, language: str, fence: str, example: str, more: str = "") -> str:
    return README.format(
        name=model.name,
        title=_title(model),
        language=language,
        version=model.manifest.version,
        fence=fence,
        example=example,
        more=more,
    )


def _title(model: Model) -> str:
    return one_line(model.project.title)


def _summary(model: Model) -> str:
    return f"A client of {_title(model)}, typed for its model"
