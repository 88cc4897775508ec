"""Write clients of models that nobody has trained, as if installed: make.py FOLDER, where a project is installed."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelapi.client import packages
from modelapi.client.archives import Files
from modelapi.client.model import Model
from modelapi.package import Manifest
from modelapi.project import Project
from modelapi.serving.settings import Settings
from modelapi.signature import Feature, Signature, Target

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MANIFEST = Manifest.model_construct(name="a model", version="20260102-030405-abcdef", created=MADE)
MORE = ("1st", "li\nne", "*/", "__proto__", "float", "it's")
MANY = [f"category {number}" for number in range(1_000)]


def feature(name: str, kind: str, example: Any, **more: Any) -> Feature:
    return Feature.model_validate(
        {"name": name, "type": kind, "dtype": "object", "nullable": False, "example": example, **more}
    )


PLAIN = Signature(
    features=[
        feature("Age", "number", 28.0, nullable=True, unit="years", minimum=0.5, maximum=80.0),
        feature("Sex", "string", "male", categories=["female", "male"]),
        feature("keys", "integer", 1, description='How many "keys" they have, as C:\\d says'),
        feature("Class", "integer", 1, categories=[1, 2, 3]),
        feature("share", "number", 0.5, categories=[0.5, 1.5]),
        feature("aboard", "boolean", True),
        feature("day", "datetime", "2026-11-21"),
        feature("note", "text", "a note", max_length=100),
    ],
    target=Target(name="Survived", type="integer", classes=[0, 1], labels={"0": "died", "1": "survived"}),
    task="binary",
    probabilities=True,
    explains=True,
    n_samples=100,
)
ODD = Signature(
    features=[
        feature("a b", "number", 1.0),
        feature("class", "string", "*/", categories=['x"y', "it's", "*/", "\u2028", '"""', "\\", "ß"]),
        feature('"""', "number", 1.0, description='ends """ here */ or \\'),
        feature("größe ✓", "string", "category 1", categories=MANY),
        *(
            feature(name, "number", 1.0, nullable=True)
            for name in ("1st", "li\nne", "*/", "__proto__", "float", "it's")
        ),
    ],
    target=Target(
        name="topics",
        type="object",
        outputs=[Target(name=name, type="integer", classes=[0, 1]) for name in ("news", "sport & games")],
    ),
    task="multilabel",
    probabilities=True,
    n_samples=100,
)
TRANSFORM = Signature(
    features=[feature("x", "number", 1.0)],
    target=Target(name="made", type="object", outputs=[Target(name=f"pca {place}", type="number") for place in (0, 1)]),
    task="transform",
    probabilities=False,
    n_samples=100,
)
SCORED = Signature(
    features=[feature("x", "number", 1.0)],
    target=Target(name="kind", type="string", classes=["a b", "c", "d"]),
    task="multiclass",
    probabilities=False,
    scores=["a b", "c", "d"],
    n_samples=100,
)
SIGNATURES = {"plain": PLAIN, "odd": ODD, "transform": TRANSFORM, "scored": SCORED}


def model_of(name: str, signature: Signature) -> Model:
    title = 'The """model""" of \\ */'
    return Model(Project(Path(), name, options={"title": title}), MANIFEST, signature, Settings.model_construct())


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    for name, signature in SIGNATURES.items():
        model = model_of(name, signature)
        write(Path(sys.argv[1]), packages.python(model))
        write(Path(sys.argv[1]) / "node_modules" / model.name, packages.npm(model))
