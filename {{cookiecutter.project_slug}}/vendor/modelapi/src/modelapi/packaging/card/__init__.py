"""The model card: what a model is for, how good it is, what it learned from and how it was made, as one HTML file.

It is written when a model is packaged, and needs nothing but itself: its style and its script stand in it, and a
Content-Security-Policy allows these two by their hashes and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import sklearn

from modelapi.packaging.card.distributions import features, targets
from modelapi.packaging.card.estimator import Diagram, diagram
from modelapi.packaging.card.evidence import Evidence
from modelapi.packaging.card.groups import groups
from modelapi.packaging.card.html import (
    Content,
    Markup,
    bar,
    facts,
    join,
    more,
    number,
    paragraph,
    section,
    spread,
    table,
    text,
)
from modelapi.packaging.card.importance import measure
from modelapi.packaging.card.labels import of_labels
from modelapi.packaging.card.limits import limits
from modelapi.packaging.card.quality import quality
from modelapi.packaging.card.quantities import of_quantities
from modelapi.packaging.card.said import Said, answers
from modelapi.packaging.model_files import OnnxModel
from modelapi.project import Project
from modelapi.signature import MEANINGS, Signature, Target

FOLDER = Path(__file__).parent
MAX_TARGETS = 10  # Of which there are plots.
MAX_LISTED = 10


class Making(NamedTuple):
    """How a package is made: for which project, of what, for which engine and why, and with which libraries."""

    project: Project
    model: Any
    engine: str
    reason: str
    libraries: Mapping[str, str]


def render(making: Making, signature: Signature, metrics: Mapping[str, Any], evidence: Evidence, said: Said) -> str:
    """Write the page."""
    drawn = diagram(making.model, signature)
    style = drawn.style + (FOLDER / "card.css").read_text(encoding="utf-8")
    script = (FOLDER / "card.js").read_text(encoding="utf-8")
    page = Template((FOLDER / "card.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=text(making.project.title),
        policy=f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; img-src data:",
        style=style,
        script=script,
        lead=text(_lead(signature)),
        description=paragraph(making.project.description),
        body=join(_sections(making, signature, metrics, evidence, said, drawn)),
    )


def digest(content: str) -> str:
    """Name a style or a script by its SHA-256, as a Content-Security-Policy does."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _sections(
    making: Making,
    signature: Signature,
    metrics: Mapping[str, Any],
    evidence: Evidence,
    said: Said,
    drawn: Diagram,
) -> Iterator[Markup]:
    yield section("What it is for", answers(said))
    yield section("How good it is", quality(signature, metrics, evidence, said.rows), *_errors(evidence))
    yield section("What it goes by", _importance(signature, evidence))
    yield section("Group by group", groups(signature, evidence))
    yield section("What is predicted" if evidence.outcomes else "", targets(evidence, said.rows))
    yield section("What it is predicted from", _rows(signature, evidence), features(signature, evidence))
    yield section("Limits", limits(signature, evidence))
    yield section("How it was made", drawn.drawn, _made(making, signature))


def _lead(signature: Signature) -> str:
    """Say in a sentence what is made of what."""
    source = _some([feature.title or feature.name for feature in signature.features])
    if signature.task == "transform":
        made = _some([target.name for target in signature.targets])
        return f"Transforms {source} into {len(signature.targets)} columns by {signature.target.name}: {made}."
    predicted = _some([f"{target.title or target.name} ({_answers(target)})" for target in signature.targets])
    meaning = MEANINGS.get(signature.task)
    n_clusters = len(signature.target.classes or [])
    found = {
        "outlier": f"Tells outliers from others by {source}.",
        "cluster": f"Finds the cluster{f', of {n_clusters},' * (n_clusters > 0)} by {source}.",
    }.get(signature.task, f"Predicts {predicted} from {source}.")
    return found + (f" It answers {meaning}." if meaning else "")


def _answers(target: Target) -> str:
    return _some([target.called(label) for label in target.classes or []]) or target.unit or "a number"


def _some(names: Sequence[str]) -> str:
    left_out = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {left_out} others" if left_out > 0 else "")


def _errors(evidence: Evidence) -> Iterator[Markup]:
    """Show where the answers are wrong; of several targets, each when it is asked for."""
    if not evidence.is_judged:
        return
    for one in evidence.outcomes[:MAX_TARGETS]:
        shown = of_quantities(one) if one.target.classes is None else of_labels(one)
        yield shown if len(evidence.outcomes) == 1 else more(one.target.title or one.target.name, shown)
    if len(evidence.outcomes) > MAX_TARGETS:
        yield paragraph(f"There are {len(evidence.outcomes)} targets; the first {MAX_TARGETS} are shown.")


def _importance(signature: Signature, evidence: Evidence) -> Markup:
    """Show by how much the model gets worse without what a feature says."""
    if not evidence.importance:
        if not evidence.is_judged:
            return Markup()
        return paragraph("Not measured: there are too few rows or too many features.", class_="missing")
    titles = {feature.name: feature.title or feature.name for feature in signature.features}
    largest = max(max(one.mean for one in evidence.importance), 1e-9)
    rows: list[list[Content]] = [
        [titles[one.name], bar(max(one.mean, 0) / largest), f"{number(round(one.mean, 4))}{spread(one.std)}"]
        for one in evidence.importance
    ]
    told = (
        f"By how much its {measure(signature)} when the values of a feature are shuffled over the rows, so that they "
        "say nothing: the mean and the standard deviation of several shuffles. Features that say the same share what "
        "they are worth."
    )
    shown, rest = rows[:MAX_LISTED], rows[MAX_LISTED:]
    header = ["Feature", "", "Worse by"]
    others = more(f"{len(rest)} others", table(header, rest)) if rest else Markup()
    return join([paragraph(told), table(header, shown), others])


def _rows(signature: Signature, evidence: Evidence) -> Markup:
    what = "rows of a sample" if signature.seen_in == "sample" else "rows of training"
    drawn = len(next(iter(evidence.columns.values())))
    of_these = f"; the plots are drawn from {drawn:,}" if drawn < signature.n_samples else ""
    return paragraph(f"{signature.n_samples:,} {what}{of_these}. None of them is in the package.")


def _made(making: Making, signature: Signature) -> Markup:
    libraries = ", ".join(f"{name} {version}" for name, version in making.libraries.items())
    scores: Content = ""
    if signature.scores is not None:
        scores = ", ".join(signature.scores) or "a number"
    told: list[tuple[str, Content]] = [
        ("Task", signature.task),
        ("Rows of the sample" if signature.seen_in == "sample" else "Training rows", f"{signature.n_samples:,}"),
        ("Made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("Scores", scores),
        ("Fitted with", "" if isinstance(making.model, OnnxModel) else f"scikit-learn {sklearn.__version__}"),
        ("Engine", f"{making.engine}: {making.reason}"),
        ("Libraries", libraries),
    ]
    return facts(told)
