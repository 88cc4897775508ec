"""The entry point: `modelapi serve`, `uvicorn asgi:app` and `fastapi dev asgi.py` serve it."""

from api.app import create_app

app = create_app()
