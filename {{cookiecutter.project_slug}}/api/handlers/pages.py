"""The pages for a browser and their files, all served from api/static: nothing comes from elsewhere."""

from pathlib import Path

from api.answers import HTML, Answer, Problem

STATIC = Path(__file__).parent.parent / "static"
MEDIA_TYPES = {
    ".html": HTML,
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
# Only names from this list reach the file system, whatever a client asks for.
FILES = frozenset(path.name for path in STATIC.iterdir() if path.suffix in MEDIA_TYPES)
# ReDoc and Swagger UI set styles from their scripts; nothing may be loaded from another host.
POLICY = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    )
}


def page(name: str) -> Answer:
    """Answer one of our own HTML pages."""
    return Answer((STATIC / name).read_bytes(), HTML, extra=POLICY)


def asset(name: str) -> Answer:
    """Answer a script or a style sheet by name. Raises a 404 Problem."""
    if name not in FILES:
        raise Problem(404)
    path = STATIC / name
    return Answer(path.read_bytes(), MEDIA_TYPES[path.suffix], extra={"Cache-Control": "max-age=3600"})
