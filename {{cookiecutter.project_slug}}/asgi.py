"""The entry point of ASGI servers: `uvicorn asgi:app`."""

from api.app import create_front

app = create_front()
