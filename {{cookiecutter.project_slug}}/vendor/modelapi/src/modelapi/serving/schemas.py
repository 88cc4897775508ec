"""The schemas of the OpenAPI document: those of records and predictions come from the signature."""

from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

from modelapi.explanation import by_name
from modelapi.outputs import range_of
from modelapi.serving.settings import Settings
from modelapi.shapley import MAX_EXACT
from modelapi.signature import Feature, Signature, Target, Wording, label_name

Schema = dict[str, Any]


def schemas(signatures: Mapping[str, Signature], settings: Settings) -> Schema:
    """Describe what goes over the wire, by name."""
    text: Schema = {"type": "string"}
    of_models: Schema = {}
    for name, signature in signatures.items():
        suffix = f"_{name}" if name else ""
        of_models[f"Record{suffix}"] = record(signature, settings)
        of_models[f"Prediction{suffix}"] = prediction(signature, ref("Explanation"), ref("Fault"))
    return {
        **of_models,
        **({"Explanation": EXPLANATION} if any(one.explains for one in signatures.values()) else {}),
        "Ready": _object(
            {
                "status": {**text, "const": "ready"},
                "model": _object({"name": text, "version": text, "engine": text}),
                "warning": text,
            },
            optional={"warning"},
        ),
        "Model": _object(dict.fromkeys(("signature", "metrics", "manifest"), ANYTHING)),
        "Problem": _object(
            {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "instance": text,
                "errors": {"type": "array", "items": ref("Fault")},
            },
            optional={"errors"},
        ),
        "Fault": FAULT,
    }


def record(signature: Signature, settings: Settings) -> Schema:
    """Describe what a client sends of a record."""
    schema = _object(
        {feature.name: value(feature, signature, settings) for feature in signature.features},
        optional={feature.name for feature in signature.features if feature.nullable},
    )
    schema["additionalProperties"] = settings.unknown_fields == "ignore"
    return schema


def value(feature: Feature, signature: Signature, settings: Settings) -> Schema:
    """Describe what a feature may be."""
    kind = "string" if feature.type in ("datetime", "text") else feature.type
    schema: Schema = {**_titled(feature), "type": [kind, "null"] if feature.nullable else kind}
    said = _said(feature if feature.listed else feature.model_copy(update={"labels": {}}))
    if feature.refuses_unknown(settings.unknown_categories):
        if feature.listed:
            schema["enum"] = [*(feature.categories or []), *([None] if feature.nullable else [])]
        else:
            said.append(f"one of the {len(feature.categories or [])} values that the model knows")
    if feature.max_length is not None:
        schema["maxLength"] = feature.max_length
    if feature.minimum is not None and feature.listed:
        said.append(f"{range_of(feature)} in {signature.source}")
    elif feature.unit:
        said.append(f"in {feature.unit}")
    if feature.type == "datetime":
        said.append("a date or time as ISO 8601 writes it, in UTC if it names no zone")
    if said:
        schema["description"] = "; ".join(said)
    schema["examples"] = [feature.example]
    return schema


def prediction(signature: Signature, explanation: Schema, fault: Schema) -> Schema:
    """Describe what is answered, with what describes an explanation and a warning."""
    properties = {
        "prediction": {"type": "array", "items": _by_target(_label, signature)},
        "warnings": {"type": "array", "items": fault},
    }
    if signature.probabilities:
        properties["probability"] = {"type": "array", "items": _by_target(_shares, signature)}
    if signature.scores is not None:
        number = {"type": "number"}
        score = _object(dict.fromkeys(signature.scores, number)) if signature.scores else number
        properties["score"] = {"type": "array", "items": score}
    if signature.explains:
        properties["explanation"] = {"type": "array", "items": by_name(repeat(explanation), signature, _object)}
    return _object(properties, optional={"probability", "score", "explanation", "warnings"})


def _by_target(describe: Callable[[Target], Schema], signature: Signature) -> Schema:
    if signature.target.outputs is None:
        return describe(signature.target)
    return _object({target.name: describe(target) for target in signature.targets})


def _label(target: Target) -> Schema:
    said = [*_said(target), *([f"in {target.unit}"] if target.unit else [])]
    return {
        **_titled(target),
        "type": target.type,
        # Its type says as much of a boolean, and generators of clients take an enum of these for one of texts.
        **({"enum": target.classes} if target.classes and target.type != "boolean" else {}),
        **({"description": "; ".join(said)} if said else {}),
    }


def _titled(column: Wording) -> Schema:
    return {"title": column.title} if column.title else {}


def _said(column: Wording) -> list[str]:
    """Say what a column is, and what its labels mean."""
    meanings = ", ".join(f"{name} is {meaning}" for name, meaning in column.labels.items())
    return [said for said in (column.description, meanings) if said]


def _shares(target: Target) -> Schema:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return _object({label_name(label): share for label in target.classes or []})


def _object(properties: Schema, optional: set[str] | frozenset[str] = frozenset()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def ref(name: str) -> Schema:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


FAULT: Schema = _object({"pointer": {"type": "string"}, "detail": {"type": "string"}})
ANYTHING: Schema = {"type": "object", "additionalProperties": True}
_NUMBER: Schema = {"type": "number"}
EXPLANATION = _object(
    {
        "baseline": {**_NUMBER, "description": "What is answered on average for values as training had them."},
        "error": {
            **_NUMBER,
            "description": f"The largest standard error of a contribution, of more than {MAX_EXACT} features.",
        },
        "contributions": {
            "type": "object",
            "additionalProperties": _NUMBER,
            "description": "What each feature adds: with the baseline they sum to what is answered.",
        },
    },
    optional={"error"},
)
