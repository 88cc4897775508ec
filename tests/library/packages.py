"""Model packages for tests: made as the steps make them, and forged as somebody would who knows how."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import skops.io
from modelapi import package
from modelapi.package import Manifest, versions
from modelapi.package.manifest import name_version
from modelapi.training.features import infer, read_features


def save(artifacts: Path, pets: pd.DataFrame, estimator: object, model: bytes | None = None, **changes: Any) -> Path:
    """Package an estimator, or the bytes of a model in its place, and return the folder."""
    features = read_features(pets[["fur", "age", "indoor"]])
    options: dict[str, Any] = {
        "name": "<pets>",
        "engine": "sklearn",
        "reason": "for a test",
        "libraries": {"scikit-learn": metadata.version("scikit-learn")},
        "signature": infer(features, ["kind"], estimator, len(pets)),
        "metrics": {"accuracy": 1.0},
        "card": "<!doctype html>",
    }
    content = skops.io.dumps(estimator) if model is None else model
    return artifacts / package.save(artifacts, content, **options | changes).version


def forge(folder: Path, contents: Mapping[str, bytes] | None = None, **changes: Any) -> Path:
    """Change files and manifest of a package, with all digests right, and make it the current one."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for name, content in (contents or {}).items():
        (folder / name).write_bytes(content)
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    text = json.dumps(manifest | changes)
    made = datetime.fromisoformat(manifest["created"])
    version = name_version(text.encode(), Manifest.model_construct(version=manifest["version"], created=made))
    path.write_text(text.replace(manifest["version"], version), encoding="utf-8")
    versions.make_current(folder.parent, version)
    return folder.rename(folder.parent / version)
