"""What a model answers as tensors: their names, which clients choose among, and how they are read off an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from modelapi.protocols.tensors import BYTES, datatype_of, to_bytes
from modelapi.protocols.v2_inputs import LENGTH
from modelapi.records.faults import listed
from modelapi.serving.answers import JSON, Answer, Problem
from modelapi.signature import Signature, Target, label_name

BINARY = "application/octet-stream"
PREDICT = "predict"
OF_TARGETS = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}
QUERIES = {"probability": "probabilities=true", "score": "scores=true"}
"""What POST /predict is asked for, to answer with these members."""
SAID = ("title", "unit", "description", "classes", "labels")


@dataclass(frozen=True, slots=True)
class Output:
    """A tensor of an answer: of shape [n] or, if its columns have names, of [n, columns]."""

    member: str
    """Of the answer of this API."""
    datatype: str
    target: str | None = None
    """Which of several."""
    columns: Sequence[str] = ()
    said: Mapping[str, Any] | None = None

    def values(self, answer: Mapping[str, list[Any]]) -> list[Any]:
        """Read the values row by row off an answer of this API."""
        rows = answer[self.member]
        if self.target is not None:
            rows = [row[self.target] for row in rows]
        return [row[column] for row in rows for column in self.columns] if self.columns else rows

    def shape(self, n_rows: int) -> list[int]:
        """Tell the shape for so many rows."""
        return [n_rows, len(self.columns)] if self.columns else [n_rows]

    def describe(self, name: str) -> dict[str, Any]:
        """Describe it in the metadata of the model."""
        columns = {"columns": self.columns} if self.columns else {}
        said = {**(self.said or {}), **columns}
        described = {"name": name, "datatype": self.datatype, "shape": self.shape(-1)}
        return {**described, "parameters": said} if said else described


def outputs_of(signature: Signature) -> dict[str, Output]:
    """Name what a model can answer as MLServer does for scikit-learn; of several targets, each is predict.<target>."""
    found: dict[str, Output] = {}
    for target in signature.targets:
        several = target.name if signature.target.outputs else None
        suffix = "" if several is None else f".{several}"
        datatype = OF_TARGETS.get(target.type, BYTES)
        found[PREDICT + suffix] = Output("prediction", datatype, several, said=_said(target))
        if signature.probabilities:
            labels = [label_name(label) for label in target.classes or []]
            found[f"predict_proba{suffix}"] = Output("probability", "FP64", several, labels)
    if signature.scores is not None:
        found["scores"] = Output("score", "FP64", columns=signature.scores)
    return found


def choose(request: Mapping[str, Any], outputs: Mapping[str, Output]) -> dict[str, bool]:
    """Return the names of the outputs that a request is for, and whether each is wanted in bytes. Raises a 400 Problem.

    Of several targets, predict means those of all.
    """
    requested = request.get("outputs", [])
    if not isinstance(requested, list) or len(requested) > len(outputs):
        raise Problem(400, f'"outputs" must be a list of at most {len(outputs)} objects with "name"')
    usual = _parameters(request).get("binary_data_output") is True
    chosen: dict[str, bool] = {}
    for place, given in enumerate(requested or [{"name": PREDICT}]):
        asked = given.get("name") if isinstance(given, dict) else None
        names = _named(asked, outputs) if isinstance(asked, str) else []
        if not names:
            raise Problem(400, f"/outputs/{place}: the outputs of this model are {listed([*outputs])}")
        chosen |= dict.fromkeys(names, _parameters(given).get("binary_data", usual) is True)
    return chosen


def _named(asked: str, outputs: Mapping[str, Output]) -> list[str]:
    """Find an output, or those of its kind of all targets."""
    start = f"{asked}."
    return [asked] if asked in outputs else [name for name in outputs if name.startswith(start)]


def _parameters(given: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = given.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def query_of(chosen: Mapping[str, Any], outputs: Mapping[str, Output]) -> str:
    """Ask POST /predict for what these outputs are read off."""
    members = {outputs[name].member for name in chosen}
    return "&".join(query for member, query in QUERIES.items() if member in members)


def say(head: Mapping[str, str], chosen: Mapping[str, bool], outputs: Mapping[str, Output], body: bytes) -> Answer:
    """Say an answer of POST /predict in tensors, behind the JSON those that are wanted in bytes."""
    answer = from_json(body)
    tensors, behind = [], []
    for name, is_binary in chosen.items():
        values = outputs[name].values(answer)
        datatype = datatype_of(values)
        tensor: dict[str, Any] = {
            "name": name,
            "datatype": datatype,
            "shape": outputs[name].shape(len(answer["prediction"])),
        }
        if is_binary:
            behind.append(to_bytes(datatype, values))
            tensor["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            tensor["data"] = values
        tensors.append(tensor)
    content = to_json({**head, "outputs": tensors})
    if not behind:
        return Answer(content, JSON, is_data=True)
    return Answer(b"".join([content, *behind]), BINARY, extra={LENGTH: str(len(content))}, is_data=True)


def _said(target: Target) -> dict[str, Any]:
    return {name: value for name in SAID if (value := getattr(target, name))}
