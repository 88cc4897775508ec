"""A page that is the model: one HTML file that predicts by itself, checked against the engine before it is written."""
