"""What a client has to know of a model and its API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from modelapi.package import Manifest
from modelapi.project import Project
from modelapi.serving.schemas import Schema, schemas
from modelapi.serving.settings import Settings
from modelapi.signature import Label, Signature

OPTIONS = {"probability": "probabilities", "score": "scores", "explanation": "explain", "warnings": "warnings"}
"""The members of an answer that are only there if an option asks for them, and these options."""
FEATURE = ("name", "type", "nullable", "categories")
TARGET = ("name", "type", "classes", "outputs")


@dataclass(frozen=True)
class Model:
    """The model and the API that clients are written for."""

    project: Project
    manifest: Manifest
    signature: Signature
    settings: Settings

    @property
    def name(self) -> str:
        """The name of the packages, as titanic-survival-api-client."""
        slug = re.sub("[^a-z0-9]+", "-", self.project.name.lower()).strip("-")
        return f"{slug if slug[:1].isalpha() else f'model-{slug}'.rstrip('-')}-client"

    @property
    def module(self) -> str:
        """The name to import in Python."""
        return self.name.replace("-", "_")

    @property
    def version(self) -> str:
        """The version of the packages, which is when the model was made: 2026.1121.34512, for both registries."""
        made = self.manifest.created
        return f"{made.year}.{made.month}{made:%d}.{int(f'{made:%H%M%S}')}"

    @property
    def example(self) -> dict[str, Label]:
        """A record."""
        return self.signature.example()

    @property
    def schemas(self) -> dict[str, Schema]:
        """The schemas of what is sent and answered, by name; dates are of a type of their own."""
        found = schemas({"": self.signature}, self.settings)
        for feature in self.signature.features:
            if feature.type == "datetime":
                found["Record"]["properties"][feature.name]["type"] = ["datetime", *["null"] * feature.nullable]
        return found

    @property
    def members(self) -> dict[str, Schema]:
        """What an answer holds for each record, by its name, `prediction` first."""
        properties: dict[str, Schema] = self.schemas["Prediction"]["properties"]
        return {name: properties[name]["items"] for name in ("prediction", *OPTIONS) if name in properties}

    @property
    def options(self) -> list[str]:
        """The options that the model has."""
        return [option for member, option in OPTIONS.items() if member in self.members]

    @property
    def content(self) -> dict[str, Any]:
        """What the client takes along to compare the model that is served with it, and the limits of the API."""
        public = self.signature.public()
        features = [{name: feature[name] for name in FEATURE} for feature in public["features"]]
        if self.settings.unknown_categories == "ignore":  # A client may send others, as far as the model takes them.
            for feature, one in zip(features, self.signature.features, strict=True):
                feature["categories"] = feature["categories"] if one.refuses_unknown("ignore") else None
        return {
            "name": self.manifest.name,
            "version": self.manifest.version,
            "members": list(self.members),
            "max_rows": self.settings.max_rows,
            "max_body_bytes": self.settings.max_body_bytes,
            "max_explained_rows": self.settings.max_explained_rows,
            "signature": {
                "task": public["task"],
                "features": features,
                "target": _target(public["target"]),
                **{name: public[name] for name in ("probabilities", "scores", "explains")},
            },
        }


def _target(target: dict[str, Any]) -> dict[str, Any]:
    outputs = target["outputs"] and [_target(one) for one in target["outputs"]]
    return {**{name: target[name] for name in TARGET}, "outputs": outputs}
