"""The inputs of the Open Inference Protocol as records: a tensor for each feature, or one with a column for each."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic_core import to_json

from modelapi.protocols.rows import require_room
from modelapi.protocols.tensors import Tensor
from modelapi.protocols.translation import Given
from modelapi.records.faults import FaultLog, listed, missing, unknown
from modelapi.records.parser import RecordParser
from modelapi.records.tables import BATCH_ROWS
from modelapi.serving.answers import Problem

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


def to_records(given: Given, tensors: Sequence[Tensor], parser: RecordParser) -> bytes:
    """Write the records that tensors are in JSON. Raises Problem or InvalidRecords."""
    columns = _columns(tensors, parser)
    require_room(given, columns, tensors[0].n_rows)
    rows = zip(*columns.values(), strict=True)
    parts = []
    while batch := [dict(zip(columns, row, strict=True)) for row in islice(rows, BATCH_ROWS)]:
        parts.append(to_json(batch, inf_nan_mode="strings")[1:-1])  # A text is no number either.
    return b"[%b]" % b",".join(parts)


def _columns(tensors: Sequence[Tensor], parser: RecordParser) -> Mapping[str, Sequence[Any]]:
    """Find the column of each feature that is there. Raises a 400 Problem, or InvalidRecords."""
    features, first = parser.features, tensors[0]
    if len(tensors) == 1 and (first.width > 1 or len(features) == 1):
        if first.width != len(features):
            detail = f"one tensor for all features must have the shape [n, {len(features)}], in this order"
            raise Problem(400, f"/inputs/0: {detail}: {listed([*features])}")
        return {name: first.column(place, feature) for place, (name, feature) in enumerate(features.items())}
    columns: dict[str, Sequence[Any]] = {}
    log, complaint = FaultLog(parser.max_faults), unknown([*features])
    for place, tensor in enumerate(tensors):
        if tensor.width != 1 or tensor.n_rows != first.n_rows:
            raise Problem(400, f"/inputs/{place}: the tensors of features must all have one shape, [n] or [n, 1]")
        if tensor.name in columns:
            log.add((tensor.name,), "is there twice")
        elif feature := features.get(tensor.name):
            columns[tensor.name] = tensor.column(0, feature)
        elif parser.unknown_fields == "refuse":
            log.add_unknown((), tensor.name, complaint)
    for name, feature in features.items():
        if name not in columns and not feature.nullable:
            log.add((name,), *missing(feature, parser.unknown_categories))
    log.raise_if_any()
    return columns
