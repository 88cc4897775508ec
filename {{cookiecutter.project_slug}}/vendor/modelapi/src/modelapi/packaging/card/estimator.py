"""The estimator as scikit-learn draws it, but for what the page may not hold: scripts, links, what it was fitted to."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.utils import estimator_html_repr

from modelapi.packaging.card.html import Markup, paragraph, tag
from modelapi.packaging.model_files import OnnxModel
from modelapi.signature import Signature, label_name

# Fitted attributes and names of columns that were made may be values of the data.
DROPPED = {
    "copy-paste-icon",
    "features",
    "features-container",
    "image-container",
    "param-doc-description",
    "sk-estimator-doc-link",
    "sk-text-repr-fallback",
}
KEPT = {"class", "id", "for", "type", "hidden", "checked", "aria-label"}
VOID = {"input", "br", "img"}
MAX_VALUE = 200  # Characters of the value of a parameter.
MIN_TELLING = 3  # Characters of a category from which on it is looked for among the parameters.
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
URL = re.compile(r"url\([^)]*\)")
STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)


class Diagram(NamedTuple):
    """The steps and their parameters, and the style sheet that the drawing needs."""

    drawn: Markup
    style: str = ""


def diagram(model: Any, signature: Signature) -> Diagram:
    """Draw an estimator by its steps and parameters, or name its class where that says too much or fails."""
    if isinstance(model, OnnxModel):
        return Diagram(paragraph("An ONNX graph: it does not say which estimator it was made of.", class_="missing"))
    try:
        with_style = estimator_html_repr(_unfitted(model))
        style = "".join(STYLE.findall(with_style))
        cleaner = _Cleaner()
        cleaner.feed(STYLE.sub("", with_style))
        drawn = "".join(cleaner.written)
    except Exception:  # Of whatever the parts of an owner's estimator are.
        return Diagram(paragraph("A ", tag("code", type(model).__name__), ", which cannot be drawn.", class_="missing"))
    if any(value in drawn for value in _unlisted(signature)):
        note = ", whose parameters hold values that are not listed."
        return Diagram(paragraph("A ", tag("code", type(model).__name__), note, class_="missing"))
    return Diagram(Markup(drawn), URL.sub("none", COMMENT.sub("", style)))


def _unfitted(model: Any) -> Any:
    """Copy an estimator without what it was fitted to, which is drawn too; not all can be."""
    try:
        return clone(model)
    except Exception:  # Its own parts decide how they are copied.
        return model


def _unlisted(signature: Signature) -> set[str]:
    hidden = [feature for feature in signature.features if not feature.listed]
    names = {label_name(label) for feature in hidden for label in feature.categories or []}
    return {escape(name) for name in names if len(name) >= MIN_TELLING}


class _Cleaner(HTMLParser):
    """Writes what it reads, without elements and attributes that the page does not need."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._dropped: list[str] = []  # The open elements within one that is left out.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if self._dropped or tag in ("script", "style", "button", "body") or not DROPPED.isdisjoint(classes):
            if tag not in VOID and tag != "body":
                self._dropped.append(tag)
        elif tag != "a":
            kept = {name: value for name, value in attrs if name in KEPT}
            written = "".join(
                f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in kept.items()
            )
            self.written.append(f"<{tag}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.pop()
        elif tag not in ("a", "body", *VOID):
            self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            text = " ".join(data.split())
            self.written.append(escape(text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"))
