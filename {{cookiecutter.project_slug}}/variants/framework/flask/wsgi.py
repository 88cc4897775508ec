"""The entry point: `modelapi serve`, `gunicorn wsgi:app` and `flask run` serve it."""

from api.app import create_app

app = create_app()
