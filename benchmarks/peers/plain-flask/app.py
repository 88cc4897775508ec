"""The route that benchmarks/edits.py adds to a project, in plain Flask."""

from flask import Blueprint, Flask

blueprint = Blueprint("api", __name__)


@blueprint.get("/greeting")
def greet() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, world!"}


app = Flask(__name__, static_folder=None)
app.register_blueprint(blueprint)
