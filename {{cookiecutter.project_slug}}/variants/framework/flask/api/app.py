"""The Flask application: create_app() assembles it."""

from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask, Response, g, request

from api import errors, routes
from api.answers import Problem
from api.exchange import Exchange
from api.front import THREADS, Front
from api.logs import configure_logs
from api.service import Service
from api.settings import Settings, load_settings

PROBES = 4  # Threads that stay free for what api/front.py does not make wait.


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application with the settings given, or else those of the environment."""
    settings = settings or load_settings()
    configure_logs(settings)
    service = Service(settings)
    service.load()
    # The routes serve api/static themselves; Flask's own static route would answer another way.
    app = Flask("api", static_folder=None)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    app.extensions["service"] = service
    app.register_blueprint(errors.blueprint)
    app.register_blueprint(routes.blueprint)
    app.before_request(begin)
    app.after_request(finish)
    return app


def create_front(settings: Settings | None = None) -> Front:
    """Make the application as it is served: below ASGI, with a fast lane before it (api/front.py)."""
    app = create_app(settings)
    service: Service = app.extensions["service"]

    def wsgi(environ: Any, start_response: Any) -> Any:
        environ["wsgi.input_terminated"] = True  # Chunked bodies end too.
        return app(environ, start_response)

    below_asgi: Any = WSGIMiddleware(wsgi, workers=THREADS + PROBES)
    return Front(below_asgi, service, has_fast_lane=service.settings.fast_lane and is_plain(app))


def is_plain(app: Flask) -> bool:
    """Tell whether nothing was put before the route that the fast lane would pass by."""
    hooks = [*app.before_request_funcs.values(), *app.after_request_funcs.values()]
    is_ours = app.view_functions["api.predict"] is routes.predict and "wsgi_app" not in vars(app)
    return is_ours and hooks == [[begin], [finish]]


def begin() -> None:
    """Give the request an Exchange."""
    # That of api/front.py, which has let it in.
    given = request.environ.get("asgi.scope", {}).get("api.exchange")
    g.exchange = given or Exchange(request.headers.get("X-Request-ID"), routes.service())
    if not given:
        keys = (request.headers.get(name) for name in ("Authorization", "X-API-Key"))
        g.exchange.check_key(request.path, *(key and key.encode("latin-1") for key in keys))
    if request.environ["PATH_INFO"].startswith("//"):  # Werkzeug would take it for one slash.
        raise Problem(404)


def finish(response: Response) -> Response:
    """Put the headers of the Exchange on the answer and log the request's line."""
    response.headers.update(g.exchange.headers)
    g.exchange.finish(request.method, request.url_rule.rule if request.url_rule else None, response.status_code)
    return response
