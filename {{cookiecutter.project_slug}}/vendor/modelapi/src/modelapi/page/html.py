"""One HTML file of the try-it page: its modules as one script, its style, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from modelapi.page.contents import fold
from modelapi.serving.pages import Pages

SCRIPTS = Path(__file__).parent / "scripts"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const|let) +(\w+|\$)", re.MULTILINE)
LATER = re.compile(r'await import\("\./[\w.-]+"\)')  # What is large and seldom needed: it stays out.
LEFT_OUT = 'await Promise.reject(new Error("This page reads no Parquet: save the table as CSV."))'
STYLES_OF_API = re.compile(r'(?:<link rel="stylesheet"[^>]*>\s*)+')
STYLE_NAMES = re.compile(r'<link rel="stylesheet" href="static/([\w.-]+)">')
# In the place of those to the pages of an API.
LINKS = '<a id="to-try" href="#">Try it</a> <a id="card" href="#model-card">Model card</a>'


def find_files(project: Path) -> dict[str, Path]:
    """Find the files of pages by name; those of the project come before ours."""
    own = {path.name: path for path in SCRIPTS.iterdir() if path.suffix == ".js"}
    return {**own, **Pages(project / "api" / "pages").files}


def join(files: Mapping[str, Path], entry: str) -> str:
    """Write a module and all that it imports as one script, each in a scope of its own."""
    order: dict[str, str] = {}

    def visit(name: str) -> None:
        source = files[name].read_text(encoding="utf-8")
        for found in IMPORT.finditer(source):
            if found[2] not in order:
                visit(found[2])
        order[name] = LATER.sub(LEFT_OUT, IMPORT.sub(_take, source))

    visit(entry)
    last = order.pop(entry)
    return "\n".join(["const modules = {};", *(_module(name, source) for name, source in order.items()), last])


def _take(found: re.Match[str]) -> str:
    names = found[1].replace(" as ", ": ").strip().rstrip(",")
    return f'const {{{names}}} = modules["{found[2]}"];\n'


def _module(name: str, source: str) -> str:
    names = ", ".join(found[2] for found in EXPORT.finditer(source))
    inner = EXPORT.sub(r"\1 \2", source)
    return f'modules["{name}"] = (() => {{\n{inner}\nreturn {{{names}}};\n}})();'


def render(files: Mapping[str, Path], title: str, content: Mapping[str, Any]) -> str:
    """Write the page around what it holds of a model."""
    page = files["index.html"].read_text(encoding="utf-8")
    script = join(files, "file.js")
    style = "".join(files[name].read_text(encoding="utf-8") for name in STYLE_NAMES.findall(page))
    card = STYLES_OF_API.sub(lambda _: f"<style>{style}</style>", content["card"])
    policy = (
        f"default-src 'none'; script-src {_hashes('script', script, card)}; style-src {_hashes('style', style, card)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    model = fold({**content, "card": card})
    parts = {
        r"<title>.*?</title>": f"<title>{escape(title)}</title>",
        STYLES_OF_API.pattern: f"<style>{style}</style>\n",
        r"<script[^>]*></script>": (
            f'<script id="model" type="text/plain">{model}</script>\n<script type="module">{script}</script>'
        ),
        r'<meta charset="utf-8">': (
            f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
        ),
        r'(?<=<nav aria-label="Pages">).*?(?=</nav>)': LINKS,
    }
    for pattern, replacement in parts.items():
        first = re.compile(pattern, flags=re.DOTALL).search(page)
        assert first is not None, pattern
        page = page[: first.start()] + replacement + page[first.end() :]
    return page


def _hashes(tag: str, content: str, card: str) -> str:
    """List the hashes of what may run: of the page itself, and of its card, which lies in a frame."""
    inside = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", card, flags=re.DOTALL)
    digests = (hashlib.sha256(one.encode()).digest() for one in (content, *inside))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
