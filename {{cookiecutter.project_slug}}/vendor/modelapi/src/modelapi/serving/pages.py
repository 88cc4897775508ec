"""The pages for a browser and their files, all served from here: nothing comes from elsewhere."""

import re
from collections.abc import Iterable
from pathlib import Path

from modelapi.serving.answers import HTML, Answer, Problem

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".html": HTML,
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
ALONE = "frame-ancestors 'none'; base-uri 'none'"
# Nothing may be loaded from another host, nor run from within a page.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    f"{ALONE}; form-action 'self'"
)
# ReDoc and Swagger UI set styles from their scripts; ReDoc searches in a worker that it makes itself.
DOCS = STRICT.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; worker-src blob:"
# A card names its own script and style in a policy of its own; of that, nothing but these hashes is taken over.
CARD = re.compile(r"script-src ('sha256-[\w+/]{43}='); style-src ('sha256-[\w+/]{43}=')", re.ASCII)
POLICIES = {"index.html": STRICT, "docs.html": DOCS, "redoc.html": DOCS}
# A source of Content-Security-Policy: the API itself, all of a scheme, or an origin, of which `*` leaves parts open.
ANCESTOR = re.compile(r"self|[a-z][a-z0-9+.-]*:(//(\*\.)?[A-Za-z0-9.-]+(:(\d+|\*))?)?")


class Pages:
    """The files of pages by name: ours, and those in a folder of the project, which come before ours.

    Both are listed at the start, so that only names from this list reach the file system, whatever a client asks for.
    """

    def __init__(self, own: Path, frame_ancestors: str = "") -> None:
        """Look for the project's files in its folder, which need not be there; take the setting FRAME_ANCESTORS."""
        self._ancestors = " ".join(read_ancestors(frame_ancestors)) or "'none'"
        self.files = {**_files(STATIC), **(_files(own) if own.is_dir() else {})}

    def page(self, name: str, cards: Iterable[str] = ()) -> Answer:
        """Answer a HTML page, which may show these model cards in a frame."""
        policy = POLICIES[name]
        for script, style in sorted({found.groups() for card in cards if (found := _own_policy(card))}):
            policy = policy.replace("script-src 'self'", f"script-src 'self' {script}")
            policy = policy.replace("style-src 'self'", f"style-src 'self' {style}")
        return self.html(self.files[name].read_bytes(), policy)

    def html(self, body: bytes, policy: str) -> Answer:
        """Answer a page that may load what its Content-Security-Policy says, in a frame of those that may have it."""
        policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {self._ancestors}")
        return Answer(body, HTML, extra={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})

    def card(self, content: str, links: str = "") -> Answer:
        """Answer a model card below links to other pages; it may run and load nothing but what stands in it."""
        if links:
            content = content.replace("<body>", f'<body>\n<nav aria-label="Pages">{links}</nav>', 1)
        known = _own_policy(content)
        if known is None:  # An older one has no script.
            return self.html(content.encode(), DOCS)
        policy = f"default-src 'none'; script-src {known[1]}; style-src {known[2]}; img-src data:; {ALONE}"
        return self.html(content.encode(), policy)

    def asset(self, name: str) -> Answer:
        """Answer a script, a style sheet or a picture by name. Raises a 404 Problem."""
        path = self.files.get(name)
        if path is None:
            raise Problem(404)
        return Answer(path.read_bytes(), MEDIA_TYPES[path.suffix], extra={"Cache-Control": "max-age=3600"})


def read_ancestors(origins: str) -> list[str]:
    """Read "self, https://example.org, …" as a browser is told it. Raises ValueError."""
    found = [origin.strip() for origin in origins.split(",") if origin.strip()]
    if not all(ANCESTOR.fullmatch(origin) for origin in found):
        raise ValueError
    return ["'self'" if origin == "self" else origin for origin in found]


def _own_policy(card: str) -> re.Match[str] | None:
    return CARD.search(card, 0, card.find("</head>"))


def _files(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir() if path.suffix in MEDIA_TYPES and path.is_file()}
