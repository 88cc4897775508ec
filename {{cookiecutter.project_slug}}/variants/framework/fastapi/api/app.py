"""The application: create_app() puts it together."""

from fastapi import FastAPI
from modelapi.fastapi import ModelApi

from api import errors, routes
from api.handlers import adjust
from api.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application with the settings given, or else those of the environment."""
    settings = settings or Settings.load()
    app = FastAPI(title=settings.title, version=settings.version, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(routes.router)
    errors.register(app)
    # The models, /, /health, /ready, /model, /metrics and /docs; ids, logs, keys and limits of all routes.
    ModelApi(settings, adjust=adjust).init_app(app)
    return app
