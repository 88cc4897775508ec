"""The least application, for a model that has no project: `app` predicts with the current model of where it stands."""

from flask import Blueprint, Flask, Response

from modelapi.flask import ModelApi, current_model, read_options, read_records, respond
from modelapi.serving.settings import Settings

blueprint = Blueprint("api", __name__)


@blueprint.post("/predict")
def predict() -> Response:
    """Predict one record, a list of records, or a table in CSV or NDJSON."""
    return respond(current_model().predict(read_records(), read_options()))


app = Flask(__name__, static_folder=None)
app.register_blueprint(blueprint)
ModelApi(Settings.load()).init_app(app)
