"""The entry point of ASGI servers: `uvicorn asgi:app`."""

from api.app import create_app

app = create_app()
