"""Convert a fitted estimator with skl2onnx, and the converters of formulas.py, encoders.py and trees.py."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from typing import Any

import onnx
import pandas as pd
from onnx import TensorProto, helper
from pandas.api import types
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import RFE, SequentialFeatureSelector
from sklearn.pipeline import Pipeline, make_pipeline

from modelapi.engines import EngineError
from modelapi.engines.onnx_engine import COLUMNS, WORDS
from modelapi.engines.sklearn_engine import parts
from modelapi.engines.trust import TRUSTED
from modelapi.onnx import (  # noqa: F401 (they register their converters)
    boosters,
    clusters,
    composed,
    encoders,
    formulas,
    mixtures,
    registry,
    texts,
    transformers,
    trees,
)
from modelapi.onnx.locales import let_go_of_locales
from modelapi.signature import Signature
from modelapi.training.encoders import reads_texts
from modelapi.training.features import final

# What the trees need; skl2onnx itself goes no further than what it is told in registry.py.
LATEST = {"ai.onnx.ml": 5}
IR_VERSION = 10


def export(estimator: Any, X: pd.DataFrame, signature: Signature) -> bytes:
    """Convert a fitted estimator that takes the columns of X, of shape (n_samples, n_features). Raises EngineError.

    The graph answers labels and, if the signature says that there are such, probabilities and scores.

    The graph has an input of shape (n_samples, n_columns) for each group of columns that it takes together: float64
    with NaN, or text with MISSING. Its metadata say which columns these are.
    """
    for part in parts(estimator):
        if not type(part).__module__.startswith(TRUSTED):  # Else skl2onnx says what does not follow from that.
            raise EngineError(f"skl2onnx has no converter for {type(part).__name__}")
    boosters.register()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = _convert(estimator, X, signature)
    except Exception as error:  # skl2onnx raises what it likes.
        raise EngineError(_reason(estimator, error)) from error
    let_go_of_locales(model.graph)
    content: bytes = model.SerializeToString()
    return content


def _convert(estimator: Any, X: pd.DataFrame, signature: Signature) -> onnx.ModelProto:
    estimator = _without_searches(estimator)
    options = _options(estimator, signature)
    # Most take one matrix, so join the columns first; a vectorizer takes its only column as it is.
    if not _selects_columns(estimator) and not reads_texts(estimator):
        columns = ColumnTransformer([("all", "passthrough", list(X.columns))]).fit(X)
        estimator = make_pipeline(columns, estimator)
    inputs = [(name, _type(X[name])) for name in X.columns]
    model: onnx.ModelProto = to_onnx(estimator, initial_types=inputs, options=options, target_opset=registry.OPSETS)
    del model.graph.output[1 + signature.probabilities + (signature.scores is not None) :]
    model.ir_version = IR_VERSION
    for opset in [opset for opset in model.opset_import if opset.domain == texts.DOMAIN]:
        model.opset_import.remove(opset)
    for opset in model.opset_import:
        opset.version = LATEST.get(opset.domain, opset.version)
    _answer_in_float64(model.graph)
    places = {one.name: [place] for place, one in enumerate(model.graph.input)}
    counted = texts.split_texts(model.graph)
    for name, (text, _) in counted.items():
        places[name] = places[text]
    properties: dict[str, Any] = {COLUMNS: _join_inputs(model.graph, places)}
    if counted:
        properties[WORDS] = {name: words for name, (_, words) in counted.items()}
    helper.set_model_props(model, {name: json.dumps(value) for name, value in properties.items()})
    return model


def _without_searches(estimator: Any) -> Any:
    """Take what a search, of parameters or of columns, has found for it; so for the steps of a pipeline."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, RFE):
        return make_pipeline(_selector(estimator), estimator.estimator_)
    if not isinstance(estimator, Pipeline):
        return estimator
    *steps, (name, last) = estimator.steps
    chosen = [(own, _selector(step) if isinstance(step, RFE) else step) for own, step in steps]
    return Pipeline([*chosen, (name, _without_searches(last))])


def _selector(search: RFE) -> SequentialFeatureSelector:
    """Make what selects the columns of a search, and no more; skl2onnx takes the search itself for a classifier."""
    selector = SequentialFeatureSelector(search.estimator)
    selector.support_, selector.n_features_in_ = search.support_, search.n_features_in_
    return selector


def _options(estimator: Any, signature: Signature) -> dict[int, dict[str, bool]]:
    """Ask the last step for what the signature says; outliers' scores are always answered."""
    options = {"zipmap": False} if is_classifier(estimator) else {}
    if signature.scores is not None and is_classifier(estimator):
        options["raw_scores"] = True  # In the place of probabilities, which it has not.
    elif signature.scores is not None and signature.probabilities:
        options["score_samples"] = True
    return {id(final(estimator)): options} if options else {}


def _selects_columns(estimator: Any) -> bool:
    """Tell whether the first step of an estimator finds its columns by name."""
    if isinstance(estimator, Pipeline):
        return _selects_columns(estimator.steps[0][1])
    return isinstance(estimator, ColumnTransformer) and hasattr(estimator, "feature_names_in_")


def _type(column: pd.Series[Any]) -> Any:
    if types.is_numeric_dtype(column) or {type(value) for value in column.dropna()} == {bool}:
        return DoubleTensorType([None, 1])
    return StringTensorType([None, 1])


def _answer_in_float64(graph: onnx.GraphProto) -> None:
    """Cast the outputs that hold numbers, for skl2onnx does not always declare the type that they have."""
    for output in graph.output:
        kind = output.type.tensor_type
        if kind.elem_type in (TensorProto.FLOAT, TensorProto.DOUBLE):
            graph.node.append(helper.make_node("Cast", [output.name], [f"{output.name}_64"], to=TensorProto.DOUBLE))
            output.name, kind.elem_type = f"{output.name}_64", TensorProto.DOUBLE


def _join_inputs(graph: onnx.GraphProto, places: dict[str, list[int]]) -> dict[str, list[int]]:
    """Take columns as one input where the graph only joins them, and return the places of each input's columns.

    places : of the inputs as they are. Each input costs a request about as much as an operator.
    """
    places = {one.name: places[one.name] for one in graph.input}
    types_ = {one.name: one.type.tensor_type.elem_type for one in graph.input}
    uses = Counter(name for node in graph.node for name in node.input)
    for node in [node for node in graph.node if node.op_type == "Concat"]:
        if all(name in types_ and uses[name] == 1 for name in node.input):
            (joined,) = node.output
            places[joined] = [place for name in node.input for place in places.pop(name)]
            kind = types_[node.input[0]]
            graph.input.append(helper.make_tensor_value_info(joined, kind, [None, len(places[joined])]))
            graph.node.remove(node)
    kept = [one for one in graph.input if one.name in places]
    del graph.input[:]
    graph.input.extend(kept)
    return places


def _reason(estimator: Any, error: Exception) -> str:
    """Say in one line why skl2onnx cannot convert; what it says itself is for who works on converters."""
    if isinstance(error, registry.NoConverterError):
        return f"there is no converter for {error}"
    lacking = re.search(r"for (?:type|model) '<class '([^']*)'>'", str(error))
    if lacking:
        return f"skl2onnx has no converter for {lacking[1].rpartition('.')[2]}"
    return f"skl2onnx cannot convert a part of this {type(estimator).__name__} (VERBOSE=1 shows what it says)"
