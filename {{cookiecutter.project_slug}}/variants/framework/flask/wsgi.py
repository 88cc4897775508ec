"""The entry point of WSGI servers: `gunicorn wsgi:app`."""

from api.app import create_app

app = create_app()
