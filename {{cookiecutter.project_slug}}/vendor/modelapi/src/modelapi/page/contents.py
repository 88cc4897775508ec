"""What a page holds of a model: all that its scripts need to read records, to predict them and to say what is wrong."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from modelapi.engines.onnx_engine import MISSING
from modelapi.explanation import names_of
from modelapi.outputs import strange
from modelapi.package import Package
from modelapi.page.graph import describe
from modelapi.project import Project
from modelapi.records.cells import MISSING as GAPS
from modelapi.records.columns import DTYPES, Array, Columns
from modelapi.records.faults import Policy, missing, unknown, wrong
from modelapi.records.moments import ZONES
from modelapi.records.parser import NOTHING
from modelapi.shapley import Explainer
from modelapi.signature import Feature, Signature, label_name


def contents(model: Package, graph: bytes, project: Project, policy: Policy) -> dict[str, Any]:
    """Gather it. Raises EngineError if the graph cannot be run by a page."""
    signature = model.signature
    features = signature.features
    return {
        "about": {"title": project.title, "description": project.description},
        "signature": signature.public(),
        "card": model.card,
        "graph": describe(graph, signature),
        "targets": [
            {"type": one.type, "classes": one.classes, "names": [label_name(label) for label in one.classes or []]}
            for one in signature.targets
        ],
        "missing": MISSING,
        "gaps": sorted(GAPS),
        "zones": ZONES,
        "closed": {one.name: one.refuses_unknown(policy) for one in features},
        "named": {one.name: [label_name(label) for label in one.categories or []] for one in features},
        "ranges": {one.name: _range(one) for one in features if one.listed and one.minimum is not None},
        "faults": {one.name: _sentences(one, signature, policy) for one in features},
        "background": None if model.background is None else _background(model.background),
        "explained": [*names_of(signature).items()] if model.background is not None else [],
        "unknown": unknown([one.name for one in features]),
        "nothing": [NOTHING, ""],
    }


def fold(content: object, level: int = 9) -> str:
    """Write JSON in base64, compressed."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), level)).decode()


def _background(columns: Columns) -> dict[str, Any]:
    """Write rows to explain against, dates in microseconds, and in which orders features are asked for."""
    explainer = Explainer(columns)
    return {
        "columns": {name: _cells(values) for name, values in explainer.background.items()},
        "places": None if explainer.is_exact else explainer.places.tolist(),
    }


def _cells(values: Array) -> list[Any]:
    numbers = values.astype(np.int64) if values.dtype.kind == "M" else values
    gaps = [value is None or value != value for value in values]
    return [None if gap else value for value, gap in zip(numbers.tolist(), gaps, strict=True)]


def _range(feature: Feature) -> list[float]:
    """Give the ends of a range as numbers, those of dates in microseconds."""
    ends = np.array([feature.minimum, feature.maximum], DTYPES[feature.type])
    return [float(end) for end in (ends.astype(np.int64) if feature.type == "datetime" else ends)]


def _sentences(feature: Feature, signature: Signature, policy: Policy) -> dict[str, Any]:
    return {
        "wrong": wrong(feature, policy),
        "missing": missing(feature, policy),
        "null": missing(feature, policy, "null"),
        "warning": strange(feature, signature),
    }
