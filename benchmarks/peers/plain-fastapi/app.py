"""The route that benchmarks/edits.py adds to a project, in plain FastAPI."""

from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.get("/greeting")
async def greet() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, world!"}


app = FastAPI()
app.include_router(router)
