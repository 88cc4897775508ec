"""Explanations as clients read them: which numbers of a prediction are explained, and how they are written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from modelapi.engines import Prediction, Wanted
from modelapi.records.columns import Array
from modelapi.shapley import Explanation
from modelapi.signature import Signature, label_name

MAX_NUMBERS = 10_000  # Contributions to a record that are written.


class Unexplained(ValueError):
    """What is answered is no number."""


def wanted(signature: Signature) -> Wanted:
    """Say what a model has to calculate so that its predictions can be explained."""
    return Wanted(signature.probabilities, signature.scores is not None and not signature.probabilities)


def can_explain(signature: Signature) -> bool:
    """Tell whether a model answers numbers that can be explained, and not too many, under names that differ."""
    has_numbers = any(wanted(signature)) or all(target.classes is None for target in signature.targets)
    if signature.task == "transform" or not has_numbers:
        return False
    names = [column for names in _columns(signature) for column in names]
    return len(names) <= MAX_NUMBERS and len({*names}) == len(names)


def numbers(prediction: Prediction, signature: Signature) -> Array:
    """Take the numbers that are explained, float64 of shape (n, n_numbers).

    They are the probability of each class, else the scores, else what is predicted. Raises Unexplained if that is none.
    """
    if signature.probabilities:
        return np.concatenate(prediction.probabilities or [], axis=1, dtype=np.float64)
    if signature.scores is not None and prediction.scores is not None:
        return prediction.scores.reshape(len(prediction.labels[0]), -1).astype(np.float64)
    if any(labels.dtype.kind not in "iuf" for labels in prediction.labels):
        raise Unexplained
    return np.stack(prediction.labels, axis=1).astype(np.float64)


def explanations(found: Sequence[Explanation], signature: Signature) -> list[Any]:
    """List what is said of each record: of one number an object, else objects by class or name, and by target."""
    return [by_name(_entries(one, signature), signature) for one in found]


def table(found: Sequence[Explanation], signature: Signature) -> dict[str, list[float]]:
    """Name the columns that explanations add to a table.

    They are `baseline`, `error` if there is one, and `contribution_<feature>`; between these words stand target and
    class, as in `contribution_<target>_<class>_<feature>`, where there are several.
    """
    has_errors = any(one.error is not None for one in found)
    columns: dict[str, list[float]] = {}
    for place, (baseline, error, *names) in enumerate(_columns(signature)):
        columns[baseline] = [float(one.baseline[place]) for one in found]
        if has_errors:
            columns[error] = [float(one.error[place]) for one in found if one.error is not None]
        values = np.array([one.contributions[:, place] for one in found]).T.tolist()
        columns |= dict(zip(names, values, strict=True))
    return columns


def _entries(one: Explanation, signature: Signature) -> Iterator[dict[str, Any]]:
    names = [feature.name for feature in signature.features]
    errors = [{}] * len(one.baseline) if one.error is None else [{"error": error} for error in one.error.tolist()]
    for baseline, error, values in zip(one.baseline.tolist(), errors, one.contributions.T.tolist(), strict=True):
        yield {"baseline": baseline, **error, "contributions": dict(zip(names, values, strict=True))}


def by_name(entries: Iterable[Any], signature: Signature, make: Callable[[dict[str, Any]], Any] = dict) -> Any:
    """Put the entry of each number in an object, which `make` makes, under its name, and these under their targets.

    Where there is but one of these there is no object for it.
    """
    left = iter(entries)
    by_target = {
        target: _in_object({name: next(left) for name in names}, make) for target, names in names_of(signature).items()
    }
    return _in_object(by_target, make)


def _in_object(entries: dict[Any, Any], make: Callable[[dict[str, Any]], Any]) -> Any:
    return entries[None] if None in entries else make(entries)


def names_of(signature: Signature) -> dict[str | None, list[str] | list[None]]:
    """Name the numbers that are explained by target; an only number, and an only target, have None for a name."""
    if signature.scores is not None and not signature.probabilities:
        return {None: signature.scores or [None]}
    return {
        target.name if signature.target.outputs else None: [*map(label_name, target.classes or [])]
        if signature.probabilities
        else [None]
        for target in signature.targets
    }


def _columns(signature: Signature) -> Iterator[list[str]]:
    """Name the columns of each number: its baseline, its error, and its contributions."""
    for target, names in names_of(signature).items():
        for name in names:
            said = "".join(f"_{word}" for word in (target, name) if word is not None)
            contributions = [f"contribution{said}_{feature.name}" for feature in signature.features]
            yield [f"baseline{said}", f"error{said}", *contributions]
