"""How good a model is beside a baseline, in a sentence and in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from modelapi.packaging.card.evidence import Evidence
from modelapi.packaging.card.html import Content, Markup, bar, join, number, paragraph, percent, spread, table, tag
from modelapi.packaging.card.outcomes import Outcome, balanced_accuracy, log_loss
from modelapi.signature import MEANINGS, Signature

MEASURES = {
    "accuracy": ("Right", "the share of answers that are right"),
    "balanced_accuracy": ("Balanced accuracy", "the share that is right, in which each class counts alike"),
    "roc_auc": ("Area under the ROC curve", "how often it ranks one of either class rightly; by chance 0.5"),
    "log_loss": ("Log loss", "of its probabilities; 0 is perfect"),
    "r2": ("R²", "the share of the differences that it explains; 1 is all"),
    "mean_absolute_error": ("Off on average", "the mean absolute error"),
    "root_mean_squared_error": ("Root mean squared error", "large errors weigh more"),
}
SHARES = ("accuracy", "balanced_accuracy", "roc_auc", "r2")  # Drawn as bars, for 1 is the best.
Metrics = Mapping[str, Any]


def quality(signature: Signature, found: Metrics, evidence: Evidence, rows: str) -> Markup:
    """Say how good it is, or why that is not known."""
    if signature.task == "transform":
        return paragraph("It transforms rows: there is no right answer to compare it with.")
    if "folds" not in found:
        if not evidence.is_judged:
            return _unjudged(signature)
        found = of_outcomes(evidence.outcomes)
    note = [] if "folds" in found else [paragraph(*_in_sample(evidence), class_="missing")]
    several = f" Averages over {len(signature.targets)} targets." if len(signature.targets) > 1 else ""
    return join([paragraph(_sentence(signature, found, evidence, rows), several, class_="lead"), *note, _table(found)])


def of_outcomes(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Score answers as training does, but for the spread; of several targets averages."""
    scores: dict[str, list[float]] = {}
    for one in outcomes:
        for name, value in (_of_quantities(one) if one.target.classes is None else _of_labels(one)).items():
            scores.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def _of_labels(one: Outcome) -> dict[str, float]:
    known = np.unique(one.right)
    most = np.full_like(one.right, np.bincount(one.right).argmax())
    scores = {}
    for prefix, answered in (("", one.answered), ("baseline_", most)):
        scores[f"{prefix}accuracy"] = metrics.accuracy_score(one.right, answered)
        scores[f"{prefix}balanced_accuracy"] = balanced_accuracy(one.right, answered)
    if one.shares is not None:
        scores["log_loss"] = log_loss(one.right, one.shares)
        often = np.bincount(one.right, minlength=len(one.names)) / len(one.right)
        scores["baseline_log_loss"] = log_loss(one.right, np.tile(often, (len(one.right), 1)))
        if one.shares.shape[1] == len(known) == 2:
            scores["roc_auc"], scores["baseline_roc_auc"] = metrics.roc_auc_score(one.right, one.shares[:, 1]), 0.5
    return scores


def _of_quantities(one: Outcome) -> dict[str, float]:
    mean = np.full_like(one.right, np.mean(one.right))
    return {
        prefix + name: score(one.right, answered)
        for prefix, answered in (("", one.answered), ("baseline_", mean))
        for name, score in (
            ("r2", metrics.r2_score),
            ("mean_absolute_error", metrics.mean_absolute_error),
            ("root_mean_squared_error", metrics.root_mean_squared_error),
        )
    }


def _sentence(signature: Signature, found: Metrics, evidence: Evidence, rows: str) -> Markup:
    where = f"In {found['folds']} folds" if "folds" in found else "On the sample"
    if "accuracy" in found:
        about = f" (± {100 * found['accuracy_std']:.0f})" if "accuracy_std" in found else ""
        right, baseline = found["accuracy"], found["baseline_accuracy"]
        told = f"{where} it was right for {percent(right)}{about} of {rows}; "
        told += f"{_constant(signature, evidence)} is right for {percent(baseline)}."
        poor = found["balanced_accuracy"] - found.get("balanced_accuracy_std", 0) <= found["baseline_balanced_accuracy"]
    else:
        unit = signature.target.unit
        name, after = "mean_absolute_error", f" {unit}" if unit else ""
        about = f" ({spread(found[f'{name}_std'])[1:]})" if f"{name}_std" in found else ""
        told = f"{where} its answers were off by {number(found[name])}{about}{after} on average; "
        told += f"always answering the mean is off by {number(found[f'baseline_{name}'])}{after}."
        poor = found["r2"] - found.get("r2_std", 0) <= found["baseline_r2"]
    return Markup(f"{tag('strong', told)}{' That is no clear gain over the baseline.' * poor}")


def _constant(signature: Signature, evidence: Evidence) -> str:
    """Say what the baseline answers."""
    if len(signature.targets) > 1 or not evidence.is_judged:
        return "always answering what is most frequent"
    (one,) = evidence.outcomes
    return f"always answering “{one.names[np.bincount(one.right).argmax()]}”"


def _in_sample(evidence: Evidence) -> list[Content]:
    count = f"{len(evidence.outcomes[0].answered):,}"
    return [
        f"No out-of-fold predictions: it was packaged as a fitted model, and judged on {count} rows of SAMPLE. They "
        "may have been among those that it was fitted on, so it may be worse on others."
    ]


def _unjudged(signature: Signature) -> Markup:
    if signature.task in ("outlier", "cluster"):
        return paragraph(
            f"It answers {MEANINGS[signature.task]}: no column says what is right, so nothing is compared."
        )
    return paragraph(
        "Not known: it was packaged as a fitted model, and no column of SAMPLE said what is right. With TARGET=column, "
        "make package draws how good it is on the sample; make train also on rows that it was not fitted on.",
        class_="missing",
    )


def _table(found: Metrics) -> Markup:
    rows = []
    for name, (title, meaning) in MEASURES.items():
        if name in found:
            spreads = spread(found[f"{name}_std"]) if f"{name}_std" in found else ""
            baseline = found.get(f"baseline_{name}")
            drawn = bar(found[name], mark=baseline) if name in SHARES else ""
            named = join([tag("strong", title), tag("small", meaning)])
            rows.append([named, join([f"{number(found[name])}{spreads}", drawn]), "" if baseline is None else baseline])
    told = "; ± is the standard deviation over the folds" if "folds" in found else ""
    note = paragraph("Plots and counts below put the predictions of all folds together.") if told else Markup()
    shown = table(["Measure", "Model", "Baseline"], rows, f"The mark on a bar is the baseline{told}.")
    return join([shown, note])
