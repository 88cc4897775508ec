"""What a fitted estimator answers besides its predictions: a decision function, or how likely it finds a row."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from modelapi.engines import Wanted
from modelapi.packaging.model_files import as_it_came
from modelapi.records.columns import Columns
from modelapi.signature import Signature, label_name
from modelapi.training.features import final

TRIED = 10  # Rows, with which it is seen how many scores there are.


def with_scores(signature: Signature, model: Any, sample: Columns) -> Signature:
    """Let the signature say what scores an estimator gives.

    A classifier with probabilities gives none, for its decision function says the same in another unit; neither does
    a transformer, nor an estimator that fails when it is asked.
    """
    gives_scores = hasattr(model, "decision_function") or hasattr(model, "score_samples")
    says_all = signature.task == "transform" or (signature.probabilities and signature.task != "cluster")
    if says_all or not gives_scores:
        return signature
    single = signature.model_copy(update={"scores": []})
    few = {name: values[:TRIED] for name, values in sample.items()}
    try:
        scores = as_it_came(model, single).predict(few, Wanted(scores=True)).scores
    except Exception:  # Of whatever library.
        return signature
    if scores is None or scores.ndim == 1:
        return single
    return signature.model_copy(update={"scores": _names(model, signature, scores.shape[1])})


def _names(model: Any, signature: Signature, count: int) -> list[str]:
    """Name scores by the classes or targets that they are of, or by the pairs of classes."""
    labels = [label_name(label) for label in signature.target.classes or []]
    pairs = [f"{one}_{other}" for one, other in combinations(labels, 2)]
    if getattr(final(model), "decision_function_shape", "") == "ovo" and len(pairs) == count:
        return pairs
    targets = [target.name for target in signature.targets]
    known = (names for names in (labels, targets, pairs) if len(names) == count)
    return next(known, [str(place) for place in range(count)])
