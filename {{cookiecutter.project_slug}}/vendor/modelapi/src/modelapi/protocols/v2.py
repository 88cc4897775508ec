"""KServe V2, the Open Inference Protocol, in REST: https://github.com/kserve/open-inference-protocol .

Inputs are a tensor for each feature, of shape [n] or [n, 1], or, of features that share a datatype, one of shape
[n, n_features].
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic_core import from_json

from modelapi.protocols.tensors import BYTES, read_tensors
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
from modelapi.protocols.v2_inputs import read_request, to_records
from modelapi.protocols.v2_outputs import OF_TARGETS, choose, outputs_of, query_of, say
from modelapi.records.faults import InvalidRecords
from modelapi.serving.answers import JSON, json_answer
from modelapi.serving.exchange import SANE_ID
from modelapi.serving.negotiation import require_media_type
from modelapi.serving.predicting import refused
from modelapi.signature import Signature

PATH = re.compile(r"/v2/models/(?P<name>[^/]+)(/versions/(?P<version>[^/]+))?(/(?P<verb>ready|infer))?")
NO_MODEL = (
    "there is no such model or path: "
    "POST /v2/models/<name>/infer asks a model, whose manifest in GET /model has its name"
)
SAID = (
    *("type", "nullable", "title", "unit", "description", "categories", "labels"),
    *("minimum", "maximum", "format", "max_length", "example"),
)
"""What the metadata says of a feature, as GET /model does."""


def make() -> Protocol:
    """Make the paths of the protocol."""
    return Protocol(("/v2",), find)


def find(path: str, names: Names) -> Route | None:
    """Find what is asked: the server, its health, or a model by its name."""
    if path in SERVER:
        return SERVER[path]
    if not path.startswith("/v2/"):
        return None
    match = PATH.fullmatch(path)
    if match is None or match["name"] not in names:
        return refuse_path(path, refuse_without_422, NO_MODEL)
    called, version, verb = match.group("name", "version", "verb")
    name = names[called]
    if verb == "infer":
        return Route(
            path_of(name, "predict"), Translation(partial(ask_infer, called, version), refuse_without_422), name
        )
    ask, target = (ask_ready, "/ready") if verb else (ask_model, path_of(name))
    return Route(target, Translation(partial(ask, called, version), refuse_without_422, "GET"), name)


def ask_server(given: Given) -> Asked:
    """Ask what server this is."""
    settings = given.exchange.service.settings
    content = {"name": settings.title, "version": settings.version, "extensions": ["binary_tensor_data"]}
    return Asked(lambda _: json_answer(content))


def ask_model(called: str, version: str | None, given: Given) -> Asked:
    """Ask for the metadata of a model. Raises Problem."""
    require_version(version, given)
    return Asked(lambda body: json_answer({"name": called, **describe(from_json(body))}))


def describe(model: Mapping[str, Any]) -> dict[str, Any]:
    """Say what GET /model says as the protocol does; NaN in FP64 is what is missing."""
    signature, manifest = Signature.model_validate(model["signature"]), model["manifest"]
    inputs = []
    for feature in signature.features:
        datatype = OF_TARGETS.get(feature.type, BYTES)
        inputs.append(
            {
                "name": feature.name,
                "datatype": "FP64" if datatype == "INT64" and feature.nullable else datatype,
                "shape": [-1],
                "parameters": {name: value for name in SAID if (value := getattr(feature, name)) not in (None, {})},
            }
        )
    return {
        "versions": [manifest["version"]],
        "platform": f"modelapi_{manifest['engine']}",
        "inputs": inputs,
        "outputs": [output.describe(name) for name, output in outputs_of(signature).items()],
    }


def ask_ready(called: str, version: str | None, given: Given) -> Asked:
    """Ask whether a model is ready. Raises Problem."""
    require_version(version, given)
    return Asked(lambda _: json_answer({"name": called, "ready": True}))


def ask_infer(called: str, version: str | None, given: Given) -> Asked:
    """Ask for predictions: {"inputs": [tensors], "outputs": [{"name": "predict_proba"}]}. Raises Problem."""
    require_media_type(JSON, given.header("Content-Encoding"), (JSON,))  # Not all clients name the type.
    served = require_version(version, given)
    request, behind = read_request(given)
    outputs = outputs_of(served.signature)
    chosen = choose(request, outputs)
    tensors = read_tensors(request.get("inputs"), behind)
    try:
        records = to_records(given, tensors, served.parser)
    except InvalidRecords as error:
        raise refused(served, error) from None
    head = {"model_name": called, "model_version": served.version, **sane_id(request)}
    return Asked(partial(say, head, chosen, outputs), records, query=query_of(chosen, outputs))


def sane_id(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the id that the client gives a request, for the answer, if it is a short one of plain letters."""
    given = request.get("id")
    return {"id": given} if isinstance(given, str) and SANE_ID.fullmatch(given) else {}


def _fixed(target: str, content: Mapping[str, bool]) -> Route:
    """Say always the same where this API has said that all is well."""
    return Route(target, Translation(lambda _: Asked(lambda _: json_answer(content)), refuse_without_422, "GET"))


SERVER = {
    "/v2": Route("/", Translation(ask_server, refuse_without_422, "GET")),
    "/v2/health/live": _fixed("/health", {"live": True}),
    "/v2/health/ready": _fixed("/ready", {"ready": True}),
}
