"""The Flask application: create_app() assembles it."""

from flask import Flask, Response, g, request

from api import errors, routes
from api.answers import Problem
from api.exchange import Exchange
from api.logs import configure_logs
from api.service import Service
from api.settings import Settings, load_settings


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


def begin() -> None:
    """Give the request an Exchange."""
    g.exchange = Exchange(request.headers.get("X-Request-ID"), routes.service().model)
    if request.environ["PATH_INFO"].startswith("//"):  # Werkzeug would take it for one slash.
        raise Problem(404)


def finish(response: Response) -> Response:
    """Put the headers of the Exchange on the answer and log the request's line."""
    response.headers.update(g.exchange.headers)
    g.exchange.finish(request.method, request.url_rule.rule if request.url_rule else None, response.status_code)
    return response
