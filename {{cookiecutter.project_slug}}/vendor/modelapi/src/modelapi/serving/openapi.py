"""The OpenAPI 3.1 document of this project and this model: every schema and example comes from the signature."""

from collections.abc import Collection, Mapping

from modelapi.serving.answers import CSV, DETAILS, JSON, NDJSON, PROBLEM, TITLES
from modelapi.serving.keys import Keys
from modelapi.serving.predicting import COLUMNAR
from modelapi.serving.schemas import ANYTHING, Schema, ref, schemas
from modelapi.serving.settings import Settings
from modelapi.signature import MEANINGS, SAFE_NUMBER, Signature

PROBLEMS = {
    "400": "The body is not what its media type says.",
    "401": "No key, or one that is not known.",
    "404": "There is nothing at this path.",
    "406": "None of the media types in the Accept header can be had.",
    "408": "The body did not come in time.",
    "413": "The body or its number of records is over the limit.",
    "415": "The body has a media type or an encoding that is not taken.",
    "422": f"A record does not fit the model: `errors` lists every fault. A number is at most {SAFE_NUMBER:g} in size.",
    "429": "The client is over its limit.",
    "500": "An unexpected error; the log has it under the request id.",
    "503": "No model is loaded, or too much is asked at once.",
    "504": "The answer took too long.",
}
HEADERS = {
    "X-Request-ID": "The id of this request, as sent or made.",
    "X-Model-Version": "The model that is served.",
    "RateLimit-Policy": "The limits: how many requests (q) in how many seconds (w).",
    "RateLimit": "How many requests are left (r), and in how many seconds all are back (t).",
    "Retry-After": "In how many seconds to try again.",
    "WWW-Authenticate": "How to send a key.",
}
LIMITS = ("RateLimit-Policy", "RateLimit")
HEADERS_OF = {"401": ("WWW-Authenticate",), "429": ("Retry-After", *LIMITS), "503": ("Retry-After",)}
OK: Schema = {"type": "string", "const": "OK"}
SECURITY: Schema = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def document(signatures: Mapping[str, Signature], settings: Settings) -> Schema:
    """Describe the API around models of these signatures by name; that of the first is empty."""
    components = {"schemas": schemas(signatures, settings)}
    secured: Schema = {}
    if settings.api_keys:
        components["securitySchemes"] = SECURITY
        secured["security"] = [{name: []} for name in SECURITY]  # Also of routes that you add.
    return {
        "openapi": "3.1.0",
        "info": {
            "title": settings.title,
            "version": settings.version,
            "description": settings.project.description,
        },
        # Relative to this document, for a proxy may serve it below a prefix.
        "servers": [{"url": "."}],
        **secured,
        "paths": _paths(signatures, settings),
        "components": components,
    }


def _paths(signatures: Mapping[str, Signature], settings: Settings) -> Schema:
    keys = Keys(settings.api_keys, public_metrics=settings.public_metrics)
    guards = [*(["401"] if settings.api_keys else []), *(["429"] if settings.rate_limit else [])]
    paths = {
        "/": {"get": _get("hello", "Say hello and list the paths", _json(ANYTHING), ["406"])},
        "/health": {"get": _get("health", "Is the process alive?", {"text/plain": {"schema": OK}})},
        "/metrics": {"get": _get("metrics", "Metrics for Prometheus", {"text/plain": _text("Counters, histograms.")})},
        "/ready": {"get": _get("ready", "Which model answers?", _json(ref("Ready")), ["503"])},
        "/model": {"get": _get("model", "Signature, metrics and manifest", _json(ref("Model")), ["406", "503"])},
    }
    for name, signature in signatures.items():
        base = f"/models/{name}" if name else ""
        paths[f"{base}/predict"] = {"post": predict_operation(name, signature)}
        if name:
            paths[base] = {
                "get": _get(f"model_{name}", paths["/model"]["get"]["summary"], _json(ref("Model")), ["406", "503"])
            }
    for path, methods in paths.items():
        for operation in methods.values():
            if not keys.is_open(path):
                _add_problems(operation["responses"], guards)
            elif settings.api_keys:
                operation["security"] = []
    return predictions_first(paths)


def predictions_first(paths: Schema) -> Schema:
    """Order paths as people look for them."""
    return dict(sorted(paths.items(), key=lambda item: not any(_predicts(one) for one in item[1].values())))


def _predicts(operation: Schema) -> bool:
    return str(operation.get("operationId", "")).startswith("predict")


def predict_operation(name: str, signature: Signature) -> Schema:
    """Describe how a model predicts, whatever the path."""
    suffix = f"_{name}" if name else ""
    record, schema = signature.example(), ref(f"Record{suffix}")
    meaning = MEANINGS.get(signature.task, "")
    content = {
        JSON: {
            "schema": {
                "oneOf": [schema, {"title": "List of records", "type": "array", "minItems": 1, "items": schema}]
            },
            "examples": {
                "one": {"summary": "One record", "value": record},
                "many": {"summary": "A list of records", "value": [record, record]},
            },
        },
        CSV: _text("A header line with the names of the features, and a row for each record; of any length."),
        NDJSON: _text("A record a line; of any length."),
        **{kind: _binary("A column for each feature, of numbers, booleans, strings or dates.") for kind in COLUMNAR},
    }
    answers = {
        **_json(ref(f"Prediction{suffix}")),
        CSV: _text(f"A column prediction, and columns {_also(signature, '_<label>')} if they are asked for."),
        NDJSON: _text(f"An object a line, with the member prediction, and {_also(signature)} if asked for."),
        **{kind: _binary("The columns that CSV has, with types.") for kind in COLUMNAR},
    }
    return {
        "operationId": f"predict{suffix}",
        "tags": ["Predictions"],
        "summary": summary(signature),
        "description": "Takes one record, a list or a table of them, and answers one prediction per record, in order"
        f"{meaning and ': '}{meaning}.",
        "parameters": [_flag(name, said) for name, said in options(signature).items()],
        "requestBody": {"required": True, "content": content},
        "responses": _responses(answers, ["400", "406", "408", "413", "415", "422", "503", "504"]),
    }


def options(signature: Signature) -> dict[str, str]:
    """Say what each option does that a model has."""
    found = {"warnings": f"Name the values that are outside of what was seen in {signature.source}."}
    if signature.probabilities:
        found["probabilities"] = "Answer the probability of each class too."
    if signature.scores is not None:
        found["scores"] = "Answer the value of the decision function too."
    if signature.explains:
        found["explain"] = f"Answer what each feature adds to {_explained(signature)} too."
    return found


def summary(signature: Signature) -> str:
    """Say what is answered, as people call it."""
    if signature.task == "transform":
        return f"Transform by {signature.target.name}"
    told = {"outlier": "Tell outliers from others", "cluster": "Find the cluster"}
    targets = ", ".join(target.title or target.name for target in signature.targets)
    return told.get(signature.task, f"Predict {targets}")


def _also(signature: Signature, label: str = "") -> str:
    """Name what may be asked for besides."""
    names = [f"probability{label}"] if signature.probabilities else []
    if signature.scores is not None:
        names.append("score" + (label if signature.scores else ""))
    if signature.explains and not label:
        names.append("explanation")
    elif signature.explains:
        label = label if signature.probabilities or signature.scores else ""
        names += [f"baseline{label}", f"contribution{label}_<feature>"]
    return " and ".join([", ".join(names), "warnings"] if names else ["warnings"])


def _explained(signature: Signature) -> str:
    if signature.probabilities:
        return "the probability of each class"
    return "the prediction" if signature.scores is None else "each score" if signature.scores else "the score"


def _flag(name: str, description: str) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "boolean", "default": False},
    }


def _text(description: str) -> Schema:
    return {"schema": {"type": "string", "description": description}}


def _binary(description: str) -> Schema:
    return {"schema": {"type": "string", "format": "binary", "description": description}}


def _get(operation: str, summary: str, content: Schema, problems: Collection[str] = ()) -> Schema:
    tag = "Model" if operation.startswith("model") else "Service"
    return {"operationId": operation, "tags": [tag], "summary": summary, "responses": _responses(content, problems)}


def _responses(content: Schema, problems: Collection[str]) -> Schema:
    headers = _headers("X-Request-ID", "X-Model-Version")
    answer = {"description": "The answer.", "headers": headers, "content": content}
    return {"200": answer} | {status: _problem(status) for status in (*problems, "500")}


def _problem(status: str) -> Schema:
    headers = {"headers": _headers(*HEADERS_OF[status])} if status in HEADERS_OF else {}
    content = {"schema": ref("Problem"), "example": _example(status)}
    return {"description": PROBLEMS[status], **headers, "content": {PROBLEM: content}}


def _example(status: str) -> Schema:
    """Show what a problem of this status looks like."""
    said = PROBLEMS[status].split(":")[0].rstrip(".")
    problem: Schema = {
        "type": "about:blank",
        "title": TITLES[int(status)],
        "status": int(status),
        "detail": DETAILS.get(int(status), said[0].lower() + said[1:]),
        "instance": "urn:request:6f1d",
    }
    if status == "422":
        problem["errors"] = [{"pointer": "/0/name of a feature", "detail": "is missing: it must be a number"}]
    return problem


def _add_problems(responses: Schema, problems: Collection[str]) -> None:
    responses |= {status: _problem(status) for status in problems}
    if "429" in problems:
        responses["200"]["headers"] |= _headers(*LIMITS)


def _headers(*names: str) -> Schema:
    return {
        name: {"description": HEADERS[name], "schema": {"type": "integer" if name == "Retry-After" else "string"}}
        for name in names
    }


def _json(schema: Schema) -> Schema:
    return {JSON: {"schema": schema}}
