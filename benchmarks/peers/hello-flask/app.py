"""What Flask answers at most."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, world!"}
