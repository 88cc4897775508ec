"""What is wrong is said with the right pointer, and never at length, whatever is sent."""

import json
from collections.abc import Callable

import pytest
from modelapi.records.cells import CellParser
from modelapi.records.faults import InvalidRecords
from modelapi.records.parser import MAX_FAULTS, RecordParser
from modelapi.serving.predicting import refusal
from modelapi.signature import Feature, Signature, Target

MOST = 256_000  # Bytes of an answer that says what is wrong.
N_FEATURES = 500


def parser(name: str, n_features: int = N_FEATURES) -> RecordParser:
    """Make a parser of many features, each with long categories."""
    categories = [f"{number}{'c' * 200}" for number in range(50)]
    features = [
        Feature(name=f"{name}{number}", type="string", dtype="str", nullable=False, categories=categories, example="c")
        for number in range(n_features)
    ]
    target = Target(name="y", type="number")
    signature = Signature(features=features, target=target, task="regression", probabilities=False, n_samples=9)
    return RecordParser(signature, max_rows=10_000, max_faults=MAX_FAULTS)


def cells(model: RecordParser, header: list[str], row: list[str]) -> None:
    features = list(model.features.values())
    CellParser(features, header, unknown_fields="refuse", max_faults=model.max_faults).parse([row] * 200)


Read = Callable[[RecordParser], object]
READS: dict[str, Read] = {
    "no records": lambda model: model.read_json(json.dumps([1] * 1_000).encode()),
    "empty records": lambda model: model.read_json(b"[" + b",".join([b"{}"] * 1_000) + b"]"),
    "unknown keys": lambda model: model.read_json(json.dumps([{f"{k}{'x' * 90}": 1 for k in range(9_000)}]).encode()),
    "unknown long keys": lambda model: model.read_json(
        json.dumps([{f"{k}{'x' * 900}": 1 for k in range(900)}]).encode()
    ),
    "wrong values": lambda model: model.read_json(json.dumps([dict.fromkeys(model.features, "?")] * 9).encode()),
    "lines": lambda model: model.parse_lines([b"1", b"{}"] * 1_000),
    "values": lambda model: model.read_values([{"x": 1}] * 1_000),
    "header": lambda model: cells(model, [next(iter(model.features)), *map(str, range(9_000))], []),
    "header twice": lambda model: cells(model, list(model.features) * 2, []),
    "cells": lambda model: cells(model, list(model.features), ["?"] * len(model.features)),
}


@pytest.mark.parametrize("name", ["f", "\u20ac/~\x01" * 700])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_no_answer_to_a_fault_is_long(name: str, read: Read) -> None:
    with pytest.raises(InvalidRecords) as caught:
        read(parser(name))

    assert len(refusal(caught.value).answer("0" * 32).body) < MOST  # type: ignore[arg-type]


def test_a_pointer_names_a_feature_however_long_its_name_is() -> None:
    name = "How many of them/there were? " * 9
    model = parser(name, 1)

    for read in (lambda: model.read_json(b"[{}]"), lambda: model.parse_lines([b"{}"])):
        with pytest.raises(InvalidRecords) as caught:
            read()
        assert [fault.pointer for fault in caught.value.faults] == [f"/0/{name.replace('/', '~1')}0"]
    with pytest.raises(InvalidRecords) as caught:
        cells(model, [f"{name}0"], ["?"])
    assert caught.value.faults[0].pointer == f"/0/{name.replace('/', '~1')}0"


def test_a_long_name_that_is_the_clients_is_left_out_of_the_pointer() -> None:
    with pytest.raises(InvalidRecords) as caught:
        parser("f", 1).read_json(json.dumps([{"x" * 100: 1, "y" * 101: 1}]).encode())

    assert [fault.pointer for fault in caught.value.faults] == [f"/0/{'x' * 100}", "/0", "/0/f0"]
