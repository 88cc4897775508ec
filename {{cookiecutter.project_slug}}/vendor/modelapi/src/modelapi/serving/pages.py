"""The pages for a browser and their files, all served from api/static: nothing comes from elsewhere."""

from pathlib import Path

from modelapi.serving.answers import HTML, Answer, Problem

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".html": HTML,
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
# Only names from this list reach the file system, whatever a client asks for.
FILES = frozenset(path.name for path in STATIC.iterdir() if path.suffix in MEDIA_TYPES)
# Nothing may be loaded from another host, nor run from within a page.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# ReDoc and Swagger UI set styles from their scripts; ReDoc searches in a worker that it makes itself.
DOCS = STRICT.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; worker-src blob:"
POLICIES = {"index.html": STRICT, "docs.html": DOCS, "redoc.html": DOCS}


def page(name: str) -> Answer:
    """Answer one of our own HTML pages."""
    return html((STATIC / name).read_bytes(), POLICIES[name])


def html(body: bytes, policy: str) -> Answer:
    """Answer a page that may load what its Content-Security-Policy says."""
    return Answer(body, HTML, extra={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})


def asset(name: str) -> Answer:
    """Answer a script or a style sheet by name. Raises a 404 Problem."""
    if name not in FILES:
        raise Problem(404)
    path = STATIC / name
    return Answer(path.read_bytes(), MEDIA_TYPES[path.suffix], extra={"Cache-Control": "max-age=3600"})
