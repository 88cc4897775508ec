"""An ONNX graph, run by ONNX Runtime: needs neither scikit-learn nor pandas, and holds no code."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import onnxruntime

from modelapi.engines import LABELS, EngineError, Prediction, Wanted, everything, join
from modelapi.engines.counts import Counter, Words
from modelapi.records.columns import Columns, expand
from modelapi.signature import Feature, Signature, Target

MISSING = "\ufdd0missing"  # Stands for missing text in a graph, which knows no None; it begins with no character.
COLUMNS = "columns"  # The key of a graph's metadata under which it says which columns each input takes, as JSON.
WORDS = "words"  # And that for how the words of a text are counted, by input.
MAX_COUNTS = 4_000_000  # That are held at once: most are 0.
DTYPES = {"tensor(double)": "float64", "tensor(float)": "float32", "tensor(int64)": "int64", "tensor(bool)": "bool"}

Array = np.ndarray[Any, Any]


class OnnxEngine:
    """A graph that takes the columns in one or more groups.

    Its outputs are labels and, if the signature says that there are such, probabilities and then scores.
    """

    def __init__(self, session: onnxruntime.InferenceSession, signature: Signature) -> None:
        self._session = session
        self._features = signature.features
        self._targets = signature.targets
        self._scores_are_named = bool(signature.scores)
        inputs = session.get_inputs()
        metadata = session.get_modelmeta().custom_metadata_map
        places = columns_of_inputs([one.name for one in inputs], metadata, self._features)
        words = json.loads(metadata.get(WORDS, "{}"))
        counters = {name: Counter(Words(**how)) for name, how in words.items()}
        self._inputs = [(one.name, one.type, places[one.name]) for one in inputs if one.name not in counters]
        self._texts = [(name, counter, places[name][0]) for name, counter in counters.items()]
        n_words = sum(counter.width for counter in counters.values())
        self._most_rows = max(1, MAX_COUNTS // n_words) if n_words else None
        self._everything = everything(signature)
        self._labels, *others = [one.name for one in session.get_outputs()]
        self._shares = others.pop(0) if signature.probabilities else None
        self._scores = others.pop(0) if signature.scores is not None else None

    def predict(self, columns: Columns, wanted: Wanted = LABELS) -> Prediction:
        """Predict one label per target and row of the columns, each an array of shape (n,)."""
        arrays = list(expand(columns, self._features).values())
        if self._most_rows is not None and len(arrays[0]) > self._most_rows:
            return self._predict_in_parts(columns, len(arrays[0]), self._most_rows)
        feeds = {name: _matrix([arrays[place] for place in places], kind) for name, kind, places in self._inputs}
        for name, count, place in self._texts:
            feeds[name] = count(arrays[place].tolist())
        names = [self._labels]
        if wanted.probabilities and self._shares:
            names.append(self._shares)
        if wanted.scores and self._scores:
            names.append(self._scores)
        answers = dict(zip(names, self._session.run(names, feeds), strict=True))
        by_target = np.reshape(answers[self._labels], (len(arrays[0]), -1)).T
        return Prediction(
            [_as_trained(values, target) for values, target in zip(by_target, self._targets, strict=True)],
            partial(self._find_probabilities, answers, feeds),
            partial(self._find_scores, answers, feeds),
        )

    def _predict_in_parts(self, columns: Columns, n_rows: int, size: int) -> Prediction:
        parts = (slice(start, start + size) for start in range(0, n_rows, size))
        tables = ({name: values[part] for name, values in columns.items()} for part in parts)
        # With all that they say at once, for else the counts of all parts were kept.
        return join([self.predict(table, self._everything) for table in tables])

    def _find_probabilities(self, answers: dict[str, Any], feeds: dict[str, Array]) -> list[Array] | None:
        if self._shares is None:
            return None
        return _by_target(self._find(self._shares, answers, feeds), self._targets)

    def _find_scores(self, answers: dict[str, Any], feeds: dict[str, Array]) -> Array | None:
        if self._scores is None:
            return None
        scores = np.asarray(self._find(self._scores, answers, feeds), dtype=np.float64)
        # A graph writes a single score as one column or, of two classes, as one for each.
        return scores if self._scores_are_named or scores.ndim == 1 else scores[:, -1]

    def _find(self, name: str, answers: dict[str, Any], feeds: dict[str, Array]) -> Any:
        return answers[name] if name in answers else self._session.run([name], feeds)[0]


def load(content: bytes, signature: Signature, threads: int | None = None) -> OnnxEngine:
    """Read the graph, which may calculate with so many threads. Raises EngineError."""
    return OnnxEngine(open_session(content, threads), signature)


def columns_of_inputs(
    names: Sequence[str], metadata: Mapping[str, str], features: Sequence[Feature]
) -> dict[str, list[int]]:
    """Say which columns each input of a graph takes, by their places once dates are in parts."""
    if COLUMNS in metadata:
        places: dict[str, list[int]] = json.loads(metadata[COLUMNS])
        return places
    # The graph is not of our making: it takes each column for itself, or all as one matrix.
    columns = list(range(sum(len(feature.parts or [""]) for feature in features)))
    return dict(zip(names, [[place] for place in columns] if len(names) > 1 else [columns], strict=True))


def open_session(content: bytes, threads: int | None = None) -> onnxruntime.InferenceSession:
    """Let ONNX Runtime read a graph that keeps nothing in other files. Raises EngineError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads or 1, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # Others need the cores.
    # A graph may name files to read weights from, whatever they are. Below this path there are none.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a dozen kinds, below no common one.
        raise EngineError(f"ONNX Runtime cannot run it: {error}".splitlines()[0]) from error


def _matrix(arrays: Sequence[Array], kind: str) -> Array:
    """Put columns of shape (n,) side by side, in the type of an input."""
    if kind == "tensor(string)":
        cells = [MISSING if value is None else value for array in arrays for value in array.tolist()]
        return np.array(cells, dtype=object).reshape(len(arrays), -1).T
    # True, False and None become 1, 0 and NaN.
    numbers = np.concatenate(arrays, dtype=np.float64, casting="unsafe").reshape(len(arrays), -1).T
    return numbers.astype(DTYPES[kind], copy=False)


def _as_trained(labels: Array, target: Target) -> Array:
    """Turn the whole numbers by which a graph names booleans and floats into these again."""
    if target.classes and target.type in ("boolean", "number"):
        known = {int(label): label for label in target.classes}
        return np.array([known[label] for label in labels.tolist()])
    return labels


def _by_target(shares: Any, targets: list[Target]) -> list[Array]:
    """Give probabilities the shape (n, n_classes) each: they come as one array, as one a target, or as objects.

    One array for several targets is how likely each is to be 1.
    """
    if isinstance(shares, list) and isinstance(shares[0], dict):
        shares = np.array([[row[label] for label in targets[0].classes or []] for row in shares])
    if len(targets) > 1 and isinstance(shares, np.ndarray) and shares.ndim == 2:
        return [np.column_stack([1 - likely, likely]) for likely in shares.T]
    return [np.asarray(one, dtype=np.float64) for one in (shares if isinstance(shares, list) else [shares])]
