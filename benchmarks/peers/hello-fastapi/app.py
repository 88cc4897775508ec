"""What FastAPI answers at most."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def hello() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, world!"}
