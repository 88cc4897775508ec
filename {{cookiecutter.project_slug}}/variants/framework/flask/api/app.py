"""The application: create_app() puts it together."""

from flask import Flask
from modelapi.flask import ModelApi

from api import errors, routes
from api.handlers import adjust
from api.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application with the settings given, or else those of the environment."""
    settings = settings or Settings.load()
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(errors.blueprint)
    # The models, /, /health, /ready, /model, /metrics and /docs; ids, logs, keys and limits of all routes.
    ModelApi(settings, adjust=adjust).init_app(app)
    return app
