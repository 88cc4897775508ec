"""Graphs that answer alike whichever locales a machine has: a slim image has C.UTF-8 alone."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import helper

from modelapi.engines import EngineError


def let_go_of_locales(graph: onnx.GraphProto) -> None:
    """Write no locale into the nodes that need none. Raises EngineError if one does, which may not be there."""
    for node in _nodes(graph):
        if node.op_type != "StringNormalizer":
            continue
        values = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        compares = values.get("stopwords") and not values.get("is_case_sensitive", 0)
        if values.get("case_change_action", b"NONE") != b"NONE" or compares:
            raise EngineError(
                "its graph changes the case of letters as a locale says (StringNormalizer), which the server may not "
                "have: package the scikit-learn pipeline itself, or change the case before the graph"
            )
        for one in [one for one in node.attribute if one.name == "locale"]:
            node.attribute.remove(one)
        node.attribute.append(helper.make_attribute("locale", "C"))


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Find the nodes of a graph and of those within its nodes."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)
