"""The model card: what a model takes, how good it was and where it comes from, as one HTML page."""

import os
import sys
import webbrowser
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from modelapi.options import Options
from modelapi.outputs import range_of
from modelapi.package.manifest import PackageError
from modelapi.package.versions import current
from modelapi.settings import PackageSettings, SettingsError
from modelapi.signature import MEANINGS, Feature, Signature, Target, label_name


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the card of the current model where there is a browser, and say where it is."""
    Options("card", "Not shown", "Show the card of the current model.", "").read(arguments)
    try:
        path = current(PackageSettings.load().model_dir) / "card.html"
    except (SettingsError, PackageError) as error:
        sys.exit(f"Not shown: {error}")
    print(path)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("darwin", "win32"):
        webbrowser.open(path.as_uri())


def render(
    name: str,
    created: datetime,
    engine: str,
    libraries: Mapping[str, str],
    signature: Signature,
    metrics: Mapping[str, Any],
) -> str:
    """Write the page; every text in it is escaped, for column names and categories come from data."""
    title = escape(f"{name}: model card")
    facts = [
        *_answers(signature),
        ("Task", ": ".join(filter(None, (signature.task, MEANINGS.get(signature.task))))),
        ("Rows of the sample" if signature.seen_in == "sample" else "Training rows", signature.n_samples),
        ("Created", created.isoformat(timespec="seconds")),
        ("Engine", engine),
        ("Libraries", ", ".join(f"{key} {value}" for key, value in libraries.items())),
    ]
    features = [
        (feature.name, feature.type, "may be missing" if feature.nullable else "required", _seen(feature))
        for feature in signature.features
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="stylesheet" href="static/style.css">
</head>
<body>
<main>
<h1>{title}</h1>
{_table(("", ""), facts)}
<h2>Features</h2>
{_table(("Feature", "Type", "Missing", f"Seen in {signature.source}"), features)}
<h2>Metrics</h2>
{_table(("Metric", "Value"), metrics.items())}
</main>
</body>
</html>
"""


def _answers(signature: Signature) -> list[tuple[str, str]]:
    if signature.task == "transform":
        return [(f"Transforms by {signature.target.name}", ", ".join(target.name for target in signature.targets))]
    facts = [(f"Predicts {target.name}", _classes(target)) for target in signature.targets]
    if signature.scores is not None:
        facts.append(("Scores", ", ".join(signature.scores) or "a number"))
    return facts


def _classes(target: Target) -> str:
    return ", ".join(map(label_name, target.classes)) if target.classes else "a number"


def _seen(feature: Feature) -> str:
    if not feature.listed:
        return f"{len(feature.categories or []) or 'many'} values, which are not listed"
    if feature.categories is not None:
        return ", ".join(map(label_name, feature.categories))
    if feature.minimum is None:
        return {"boolean": "false, true"}.get(feature.type, "text")
    return range_of(feature)


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}</table>"
