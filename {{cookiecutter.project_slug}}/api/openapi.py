"""The OpenAPI 3.1 document of this project and this model: every schema and example comes from the signature."""

from collections.abc import Callable
from typing import Any

from api.answers import CSV, JSON, NDJSON, PROBLEM
from api.settings import PROJECT, TITLE, Settings
from model.outputs import range_of
from model.signature import SAFE_INTEGER, SAFE_NUMBER, Feature, Signature, Target, label_name

Schema = dict[str, Any]

PROBLEMS = {
    "400": "The body is not valid JSON, CSV or NDJSON.",
    "404": "There is nothing at this path.",
    "406": "None of the media types in the Accept header can be had.",
    "413": "The body or its number of records is over the limit.",
    "415": "The body has a media type or an encoding that is not taken.",
    "422": "A record does not fit the model: `errors` lists every fault.",
    "500": "An unexpected error; the log has it under the request id.",
    "503": "No model is loaded.",
}


def document(signature: Signature, settings: Settings) -> Schema:
    """Describe the API around a model of this signature."""
    project = PROJECT["project"]
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": project["version"], "description": project["description"]},
        "paths": _paths(signature),
        "components": {"schemas": _schemas(signature, settings)},
    }


def _paths(signature: Signature) -> Schema:
    return {
        "/": {"get": _get("hello", "Say hello and list the paths", _json({"type": "object"}), "406")},
        "/health": {"get": _get("health", "Is the process alive?", {"text/plain": {"schema": {"const": "OK"}}})},
        "/metrics": {"get": _get("metrics", "Metrics for Prometheus", {"text/plain": _text("Counters, histograms.")})},
        "/ready": {"get": _get("ready", "Which model answers?", _json(_ref("Ready")), "503")},
        "/model": {"get": _get("model", "Signature, metrics and manifest", _json(_ref("Model")), "406", "503")},
        "/predict": {"post": _predict(signature)},
    }


def _predict(signature: Signature) -> Schema:
    record = signature.example()
    content = {
        JSON: {
            "schema": {"oneOf": [_ref("Record"), {"type": "array", "minItems": 1, "items": _ref("Record")}]},
            "examples": {
                "one": {"summary": "One record", "value": record},
                "many": {"summary": "A list of records", "value": [record, record]},
            },
        },
        CSV: _text("A header line with the names of the features, and a row for each record; of any length."),
        NDJSON: _text("A record a line; of any length."),
    }
    answers = {
        **_json(_ref("Prediction")),
        CSV: _text("A column prediction, and columns probability_<label> and warnings if they are asked for."),
        NDJSON: _text("An object a line, with the member prediction, and probability and warnings if asked for."),
    }
    parameters = [_flag("warnings", "Name the values that are outside of what was seen in training.")]
    if signature.probabilities:
        parameters.append(_flag("probabilities", "Answer the probability of each class too."))
    return {
        "operationId": "predict",
        "summary": f"Predict {signature.target.name}",
        "description": "Takes one record, a list or a table of them, and answers one prediction per record, in order.",
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": _responses(answers, "400", "406", "413", "415", "422", "503"),
    }


def _flag(name: str, description: str) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "boolean", "default": False},
    }


def _text(description: str) -> Schema:
    return {"schema": {"type": "string", "description": description}}


def _get(operation: str, summary: str, content: Schema, *problems: str) -> Schema:
    return {"operationId": operation, "summary": summary, "responses": _responses(content, *problems)}


def _responses(content: Schema, *problems: str) -> Schema:
    refused = {
        status: {"description": PROBLEMS[status], "content": {PROBLEM: {"schema": _ref("Problem")}}}
        for status in (*problems, "500")
    }
    return {"200": {"description": "The answer.", "headers": _headers(), "content": content}, **refused}


def _headers() -> Schema:
    text = {"type": "string"}
    return {
        "X-Request-ID": {"description": "The id of this request, as sent or made.", "schema": text},
        "X-Model-Version": {"description": "The model that is served.", "schema": text},
    }


def _schemas(signature: Signature, settings: Settings) -> Schema:
    text: Schema = {"type": "string"}
    return {
        "Record": _record(signature, settings),
        "Prediction": _prediction(signature),
        "Ready": _object(
            {"status": {"const": "ready"}, "model": _object({"name": text, "version": text, "engine": text})}
        ),
        "Model": _object({name: {"type": "object"} for name in ("signature", "metrics", "manifest")}),
        "Problem": _object(
            {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "instance": text,
                "errors": {"type": "array", "items": _object({"pointer": text, "detail": text})},
            },
            optional={"errors"},
        ),
    }


def _record(signature: Signature, settings: Settings) -> Schema:
    schema = _object(
        {feature.name: _feature(feature, settings) for feature in signature.features},
        optional={feature.name for feature in signature.features if feature.nullable},
    )
    schema["additionalProperties"] = settings.unknown_fields == "ignore"
    return schema


def _feature(feature: Feature, settings: Settings) -> Schema:
    kind = "string" if feature.type == "datetime" else feature.type
    schema: Schema = {"type": [kind, "null"] if feature.nullable else kind}
    if feature.refuses_unknown(settings.unknown_categories):
        schema["enum"] = [*(feature.categories or []), *([None] if feature.nullable else [])]
    if feature.type in ("number", "integer"):
        largest = SAFE_INTEGER if feature.type == "integer" else SAFE_NUMBER
        schema |= {"minimum": -largest, "maximum": largest}
    if feature.minimum is not None:
        schema["description"] = f"{range_of(feature)} in training"
    if feature.type == "datetime":
        schema["description"] += "; a date or time as ISO 8601 writes it, in UTC if it names no zone"
    schema["examples"] = [feature.example]
    return schema


def _prediction(signature: Signature) -> Schema:
    fault = _object({"pointer": {"type": "string"}, "detail": {"type": "string"}})
    properties = {
        "prediction": {"type": "array", "items": _by_target(_label, signature)},
        "warnings": {"type": "array", "items": fault},
    }
    if signature.probabilities:
        properties["probability"] = {"type": "array", "items": _by_target(_shares, signature)}
    return _object(properties, optional={"probability", "warnings"})


def _by_target(describe: Callable[[Target], Schema], signature: Signature) -> Schema:
    if signature.target.outputs is None:
        return describe(signature.target)
    return _object({target.name: describe(target) for target in signature.targets})


def _label(target: Target) -> Schema:
    return {"type": target.type, **({"enum": target.classes} if target.classes else {})}


def _shares(target: Target) -> Schema:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return _object({label_name(label): share for label in target.classes or []})


def _object(properties: Schema, optional: set[str] | frozenset[str] = frozenset()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _json(schema: Schema) -> Schema:
    return {JSON: {"schema": schema}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
