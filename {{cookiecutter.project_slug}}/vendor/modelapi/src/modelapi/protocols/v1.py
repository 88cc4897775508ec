"""KServe V1 and the REST API of TensorFlow Serving, which share their paths.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol ,
https://www.tensorflow.org/tfx/serving/api_rest
"""

import re
from functools import partial
from typing import Any

from modelapi.protocols.rows import Said, ask_records, from_columns, from_rows, predictions, read_options
from modelapi.protocols.translation import (
    Asked,
    Given,
    Names,
    Protocol,
    Route,
    Translation,
    path_of,
    refuse_path,
    refuse_without_422,
    require_version,
)
from modelapi.serving.answers import JSON, Problem, json_answer
from modelapi.serving.negotiation import require_media_type
from modelapi.signature import Signature

MODELS = "/v1/models"
PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>[^/:]+))?(?P<verb>:predict|/metadata)?")
DTYPES = {"number": "DT_DOUBLE", "integer": "DT_INT64", "boolean": "DT_BOOL"}
"""All other types are DT_STRING."""
SHAPE = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
NO_MODEL = f"there is no such model or path: GET {MODELS} lists the models, POST {MODELS}/<name>:predict asks one"
NO_BODY = 'send an object with "instances", a list of records, or with "inputs", a list for each column'


def make() -> Protocol:
    """Make the paths of the protocol."""
    return Protocol((MODELS,), find)


def find(path: str, names: Names) -> Route | None:
    """Find what is asked: the names of the models, or one by its name."""
    if path == MODELS:
        return Route(
            "/", Translation(lambda _: Asked(lambda _: json_answer({"models": [*names]})), refuse_without_422, "GET")
        )
    match = PATH.fullmatch(path)
    name = names.get(match["name"]) if match else None
    if match is None or name is None:
        return refuse_path(
            path,
            refuse_without_422,
            NO_MODEL,
        )
    version, verb = match["version"], match["verb"]
    if verb == ":predict":
        return Route(path_of(name, "predict"), Translation(partial(ask_predict, version), refuse_without_422), name)
    ask, target = (ask_metadata, path_of(name)) if verb else (ask_status, "/ready")
    return Route(target, Translation(partial(ask, match["name"], version), refuse_without_422, "GET"), name)


def ask_status(name: str, version: str | None, given: Given) -> Asked:
    """Ask whether a model is ready, and of which version it is. Raises Problem."""
    served = require_version(version, given)
    status = {"error_code": "OK", "error_message": ""}
    state = {"version": served.version, "state": "AVAILABLE", "status": status}
    return Asked(lambda _: json_answer({"name": name, "ready": True, "model_version_status": [state]}))


def ask_metadata(name: str, version: str | None, given: Given) -> Asked:
    """Ask what a model takes and answers. Raises Problem."""
    served = require_version(version, given)
    spec = {"name": name, "signature_name": "", "version": served.version}
    defined = {"signature_def": {"serving_default": describe(served.signature)}}
    content = {"model_spec": spec, "metadata": {"signature_def": defined}}
    return Asked(lambda _: json_answer(content))


def describe(signature: Signature) -> dict[str, Any]:
    """Say the signature as that of a graph of TensorFlow."""
    outputs = {target.name: target.type for target in signature.target.outputs or []}
    return {
        "inputs": {feature.name: _tensor(feature.name, feature.type) for feature in signature.features},
        "outputs": {
            name: _tensor(name, type_) for name, type_ in (outputs or {"prediction": signature.target.type}).items()
        },
        "method_name": "tensorflow/serving/predict",
    }


def _tensor(name: str, type_: str) -> dict[str, Any]:
    return {"dtype": DTYPES.get(type_, "DT_STRING"), "tensor_shape": SHAPE, "name": name}


def ask_predict(version: str | None, given: Given) -> Asked:
    """Take {"instances": [records]} or {"inputs": {name: [values]}}; all else says nothing here. Raises Problem."""
    require_media_type(JSON, given.header("Content-Encoding"), (JSON,))  # Not all clients name the type.
    require_version(version, given)
    body = given.json()
    if not isinstance(body, dict) or ("instances" in body) == ("inputs" in body):
        raise Problem(422, NO_BODY)
    query = read_options(body.get("parameters"), "parameters")
    if "instances" in body:
        return ask_records(given, from_rows(body["instances"], given, "instances"), query, predictions)
    inputs = body["inputs"]
    records = from_columns(inputs, given, "inputs") if isinstance(inputs, dict) else from_rows(inputs, given, "inputs")
    return ask_records(given, records, query, outputs)


def outputs(said: Said) -> dict[str, Any]:
    """Say {"outputs": …}, a list for each column that is answered, or the only one."""
    columns: dict[str, Any] = dict(said)
    if isinstance(said["prediction"][0], dict):  # Of several targets.
        del columns["prediction"]
        columns |= {name: [entry[name] for entry in said["prediction"]] for name in said["prediction"][0]}
    return {"outputs": columns if columns.keys() != {"prediction"} else columns["prediction"]}
