"""The inputs of the Open Inference Protocol as records: a tensor for each feature, or one with a column for each."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from modelapi.protocols.tensors import Tensor
from modelapi.protocols.translation import Given
from modelapi.records.faults import FaultLog, listed, missing, unknown
from modelapi.records.parser import RecordParser
from modelapi.serving.answers import Problem, body_too_large

LENGTH = "Inference-Header-Content-Length"
NO_LENGTH = f"the header {LENGTH} must be the number of bytes of the JSON, before those of the tensors"
NO_INPUTS = 'send an object with "inputs", a list of tensors'


def read_request(given: Given) -> tuple[dict[str, Any], memoryview]:
    """Read the JSON of a request, and return the bytes behind it. Raises a 400 Problem."""
    length = given.header(LENGTH) or str(len(given.body))
    if not re.fullmatch("[0-9]{1,18}", length) or int(length) > len(given.body):
        raise Problem(400, NO_LENGTH)
    request = given.json(given.body[: int(length)])
    if not isinstance(request, dict):
        raise Problem(400, NO_INPUTS)
    return request, memoryview(given.body)[int(length) :]


def to_records(tensors: Sequence[Tensor], parser: RecordParser, limit: int) -> bytes:
    """Write the records that tensors are, in JSON of up to `limit` bytes. Raises Problem or InvalidRecords."""
    columns = _columns(tensors, parser)
    smallest = len("{},") + sum(len(name) + len('"":0,') for name in columns)
    if smallest * tensors[0].n_rows > limit:  # Before there are any.
        raise body_too_large(limit)
    rows = zip(*columns.values(), strict=True)
    return to_json([dict(zip(columns, row, strict=True)) for row in rows], inf_nan_mode="strings")


def _columns(tensors: Sequence[Tensor], parser: RecordParser) -> Mapping[str, Sequence[Any]]:
    """Find the column of each feature that is there. Raises a 400 Problem, or InvalidRecords."""
    features, first = parser.features, tensors[0]
    if len(tensors) == 1 and (first.width > 1 or first.name not in features):
        if first.width != len(features):
            detail = f"one tensor for all features must have the shape [n, {len(features)}], in this order"
            raise Problem(400, f"/inputs/0: {detail}: {listed([*features])}")
        return {name: first.column(place, feature) for place, (name, feature) in enumerate(features.items())}
    columns: dict[str, Sequence[Any]] = {}
    log = FaultLog(parser.max_faults)
    for place, tensor in enumerate(tensors):
        if tensor.width != 1 or tensor.n_rows != first.n_rows:
            raise Problem(400, f"/inputs/{place}: the tensors of features must all have one shape, [n] or [n, 1]")
        if tensor.name in columns:
            log.add((tensor.name,), "is there twice")
        elif feature := features.get(tensor.name):
            columns[tensor.name] = tensor.column(0, feature)
        elif parser.unknown_fields == "refuse":
            log.add_unknown((), tensor.name, unknown([*features]))
    for name, feature in features.items():
        if name not in columns and not feature.nullable:
            log.add((name,), *missing(feature, parser.unknown_categories))
    log.raise_if_any()
    return columns
