"""The web API: app.py assembles it, routes.py answers, errors.py says what went wrong."""
