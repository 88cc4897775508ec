"""The routes: plain Flask."""

from flask import Blueprint, Response
from modelapi.flask import current_model, read_options, read_records, respond

blueprint = Blueprint("api", __name__)


@blueprint.post("/predict")
def predict() -> Response:
    """Predict one record, a list of records, or a table in CSV or NDJSON."""
    return respond(current_model().predict(read_records(), read_options()))
