"""GET /, /health, /ready and /model: what this is and how it is doing."""

from urllib.parse import quote

from modelapi.serving.answers import JSON, TEXT, Answer, Problem, json_answer, redirect
from modelapi.serving.exchange import Exchange
from modelapi.serving.negotiation import choose_media_type

PATHS = ("predict", "model", "health", "ready", "metrics", "docs", "redoc", "openapi.json", "llms.txt")
# Relative, for a proxy may serve this below a prefix of which nothing is said here.
LINKS = {name: f"./{name}" for name in PATHS}


def hello(exchange: Exchange, accept: str | None) -> Answer:
    """Greet: a browser gets the page to try the model, others the links. Raises Problem."""
    if exchange.is_bare_prefix:
        return redirect(f"{exchange.service.settings.root_path.rpartition('/')[2]}/")
    if choose_media_type(accept, [JSON, "text/html"]) == JSON:
        others = {f"models/{name}": f"./models/{name}" for name in exchange.service.models if name}
        return json_answer({"message": "Hello, world!", **LINKS, **others})
    service = exchange.service
    hosts = service.models.values() if service.keys.are_asked_for else []  # Else a link leads to the cards.
    return service.pages.page("index.html", [host.served.package.card for host in hosts if host.served])


def health() -> Answer:
    """Say that the process is alive; this never touches the model."""
    return Answer(b"OK", TEXT)


def ready(exchange: Exchange) -> Answer:
    """Say which model answers requests, and whether a newer one was refused, or raise a 503 Problem."""
    hosts = exchange.service.models.values()
    manifest = exchange.require_model().package.manifest
    if not all(host.served for host in hosts):
        raise Problem(503, "a model is not loaded yet: try again later", headers={"Retry-After": "5"})
    if exchange.service.is_stopping:
        raise Problem(503, "the server is about to stop", headers={"Retry-After": "1"})
    content: dict[str, object] = {
        "status": "ready",
        "model": {"name": manifest.name, "version": manifest.version, "engine": manifest.engine},
    }
    if any(host.refused for host in hosts):
        content["warning"] = "CURRENT names another model, which was refused: the log says why"
    return json_answer(content)


def model(exchange: Exchange, accept: str | None, name: str = "") -> Answer:
    """Describe a model as JSON; a browser gets its card. Raises Problem."""
    package = exchange.require_model(name).package
    if choose_media_type(accept, [JSON, "text/html"]) == JSON:
        return json_answer(
            {
                "signature": package.signature.public(),
                "metrics": package.metrics,
                "manifest": package.manifest.model_dump(mode="json"),
            }
        )
    # Where a key is asked for, the page around it has the links.
    links = "" if exchange.service.keys.are_asked_for else _links(name)
    return exchange.service.pages.card(package.card, links)


def _links(name: str) -> str:
    up, query = ("../", f"?model={quote(name)}") if name else ("./", "")
    pages = {f"{up}{query}": "Try it", f"{up}docs": "Docs", f"{up}redoc": "Reference"}
    return " ".join(f'<a href="{path}">{title}</a>' for path, title in pages.items())


def card_with_key(exchange: Exchange, path: str) -> Answer | None:
    """Send on who asks for a card and cannot send a key, as a link, to the page that asks for the key and shows it."""
    if path == "/model":
        return redirect("./#model-card")
    name = path.removeprefix("/models/")
    if name != path and name in exchange.service.models:
        return redirect(f"../?model={quote(name)}#model-card")
    return None
